//! What can go wrong with `org.db`; each message says what to do.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::model::{Feed, Message};
use crate::sqlite::SqliteFault;
use crate::store::nearest_dates::{dates_in_chinese, dates_in_english};

/// A fault of the database or of its file. The last published snapshot is unchanged in every case.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a newer orgsnap. Nothing was written to it.
    #[error(
        "{} was written by a newer orgsnap (format {found}, this one knows {supported}); \
         it was left as it is: install the newer version",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        supported: i64,
    },
    /// It has an earlier format, and what was asked for needs the newest or must not write.
    #[error(
        "{} has an earlier format ({found}, the newest is {supported}), so this cannot be answered yet, and nothing was \
         changed: the next import, or `orgsnap serve`, brings it to the newest format and keeps a copy of it beside it",
        path.display()
    )]
    Earlier {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format.
        supported: i64,
    },
    /// There is no snapshot of the date.
    #[error("there is no snapshot of {date}: {}", dates_in_english(*date, known))]
    UnknownDate {
        /// The date asked for.
        date: NaiveDate,
        /// The dates that there are, ascending.
        known: Vec<NaiveDate>,
    },
    /// No snapshot is published yet.
    #[error("{}: nothing is published yet; import a delivery that passes first", path.display())]
    NothingPublished {
        /// The database.
        path: PathBuf,
    },
    /// There is no database yet.
    #[error("{} does not exist: nothing was imported into this data folder yet; run orgsnap import first", path.display())]
    NotFound {
        /// The database.
        path: PathBuf,
    },
    /// The file cannot be opened or created.
    #[error(
        "{} cannot be opened or created: check that its folder exists and that this user may write there",
        path.display()
    )]
    CannotOpen {
        /// The database.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{} is read-only: give this user the right to write the file and its folder", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    #[error(
        "the disk is full, {} was not changed: free some space (a first import needs twice the size of the \
         delivery) and run the import again",
        path.display()
    )]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// There is too little room to bring a database of an earlier format to the newest one.
    #[error(
        "{} has an earlier format ({size} bytes); to bring it to the newest one, {needed} bytes have to be free{}, \
         and there are {free}; nothing was changed: free some space and run again",
        path.display(),
        if *backup { " (a third of them for a copy, which --no-backup leaves out)" } else { "" }
    )]
    NoRoomToMigrate {
        /// The database.
        path: PathBuf,
        /// Its bytes.
        size: u64,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
        /// Whether a copy is to be kept.
        backup: bool,
    },
    /// The disk fails. SQLite does not say why; a full disk is the usual cause.
    #[error(
        "the disk of {} cannot be read or written; the published snapshot stands. Check its free space and \
         the system's log, then run again",
        path.display()
    )]
    Disk {
        /// The database.
        path: PathBuf,
    },
    /// Another program holds the database.
    #[error(
        "{} is locked by another program: close what holds a transaction open on it, then try again",
        path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged: restore it from a backup, or move it away and make it anew with `orgsnap replay`",
        path.display()
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a SQLite database: move it away, or name another data folder", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A SQLite database of another program.
    #[error(
        "{} is a database of another program; it was left as it is: move it away, or name another data folder",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A column of the schema that the store cannot have.
    #[error("the schema of {feed} cannot be stored: the column {column} {}; correct the schema", why.en)]
    Column {
        /// The feed.
        feed: Feed,
        /// The column.
        column: String,
        /// What is wrong with it.
        why: Message,
    },
    /// No forest has that name.
    #[error("there is no forest {name}; there are {}", known.join(", "))]
    UnknownForest {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The address of a server is none.
    #[error("the address of the store cannot be used: {}; correct it", why.en)]
    ServerUrl {
        /// What is wrong with it.
        why: Message,
    },
    /// This program was built without the client of database servers.
    #[error(
        "this orgsnap was built without the store on PostgreSQL: build it with `--features postgres`, or take \
         [store] out of the job"
    )]
    ServerNotBuiltIn,
    /// The snapshots are on a server, which what was asked for does not read yet.
    #[error(
        "the snapshots of this tenant are on a database server, which this verb does not know yet: \
         import, run, retract, runs, findings, sql, tree, diff, export and explain do"
    )]
    OnServer,
    /// The server cannot be reached, or not just now.
    #[error("the store on {server} cannot be used now: {reason}; nothing was published, run again")]
    ServerUnreachable {
        /// Its hosts and database.
        server: String,
        /// What the server or the network says.
        reason: String,
    },
    /// The server does not let this user in, or not do this.
    #[error("the store on {server} refuses this user: {reason}; check user, password and rights")]
    ServerLogin {
        /// Its hosts and database.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The tables of the server were made by a newer orgsnap. Nothing was written.
    #[error(
        "the store on {server} was made by a newer orgsnap (format {found}, this one knows {supported}); \
         it was left as it is: install the newer version"
    )]
    ServerNewer {
        /// Its hosts and database.
        server: String,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        supported: i64,
    },
    /// The connection was lost while the changes were made visible, and whether they are could not be asked.
    #[error(
        "the connection to {server} was lost while {run} was being committed: whether it is there is not known; \
         run again once the server is there, which changes nothing if it is"
    )]
    CommitUnknown {
        /// Its hosts and database.
        server: String,
        /// The run.
        run: String,
    },
    /// Another run holds the business date.
    #[error(
        "{date} is being imported by {owner}: wait for its end, or for that of its lease if it was killed"
    )]
    Claimed {
        /// The business date.
        date: NaiveDate,
        /// Who holds it.
        owner: String,
    },
    /// Another run has taken over the business date.
    #[error(
        "the claim of {owner} on {date} has ended, as it was paused or cut off for too long: nothing was published; \
         another run has taken over"
    )]
    Fenced {
        /// The business date.
        date: NaiveDate,
        /// Who had claimed it.
        owner: String,
    },
    /// Any other fault of the server.
    #[error("the store on {server}: {reason}")]
    Server {
        /// Its hosts and database.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The store was called in a way that would break the snapshot. A bug of the caller.
    #[error("internal fault, nothing was published: {0}")]
    Misuse(String),
    /// Any other fault of SQLite.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What happened, where, and what to do, in both languages; `Display` is the English one.
    pub fn message(&self) -> Message {
        let zh = match self {
            StoreError::Newer { path, found, supported } => format!(
                "{} 由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {supported}），未作改动；请升级 orgsnap",
                path.display()
            ),
            StoreError::Earlier { path, found, supported } => format!(
                "{} 为旧格式（格式版本 {found}，最新为 {supported}），暂时无法处理，未作改动；下一次 orgsnap import 或 \
                 orgsnap serve 会升级格式，并在同一目录保留一份备份",
                path.display()
            ),
            StoreError::UnknownDate { date, known } => {
                format!("没有 {date} 的快照；{}", dates_in_chinese(*date, known))
            }
            StoreError::NothingPublished { path } => {
                format!("{} 中尚未发布任何快照；请先导入一个通过校验的批次", path.display())
            }
            StoreError::NotFound { path } => {
                format!(
                    "{} 不存在：这个数据目录还没有导入过数据；请先执行 orgsnap import",
                    path.display()
                )
            }
            StoreError::CannotOpen { path } => {
                format!(
                    "{} 无法打开或创建；请检查所在目录是否存在、当前用户能否写入",
                    path.display()
                )
            }
            StoreError::ReadOnly { path } => {
                format!("{} 为只读；请授予当前用户对该文件及其目录的写权限", path.display())
            }
            StoreError::Full { path } => format!(
                "磁盘已满，{} 未作改动；请腾出空间（首次导入约需数据文件两倍的空间）后重新导入",
                path.display()
            ),
            StoreError::NoRoomToMigrate { path, size, needed, free, backup } => format!(
                "{} 为旧格式（{size} 字节），升级格式需要 {needed} 字节可用空间{}，现有 {free} 字节，未作改动；\
                 请腾出空间后重新运行",
                path.display(),
                if *backup {
                    "（其中三分之一用于保留备份，可用 --no-backup 省去）"
                } else {
                    ""
                }
            ),
            StoreError::Disk { path } => format!(
                "{} 所在的磁盘读写失败（通常是磁盘已满或磁盘故障），当前快照仍然完整；请检查剩余空间和系统日志后重新运行",
                path.display()
            ),
            StoreError::Locked { path } => {
                format!("{} 正被其他程序锁定；请关闭占用它的程序后重试", path.display())
            }
            StoreError::Corrupt { path } => {
                format!(
                    "{} 已损坏；请从备份恢复，或将其移走，再用 orgsnap replay 由归档重新生成",
                    path.display()
                )
            }
            StoreError::NotADatabase { path } => {
                format!("{} 不是 SQLite 数据库；请将其移走，或换一个数据目录", path.display())
            }
            StoreError::Foreign { path } => {
                format!(
                    "{} 是其他程序的数据库，未作改动；请将其移走，或换一个数据目录",
                    path.display()
                )
            }
            StoreError::Column { feed, column, why } => {
                format!("{feed} 的数据结构无法存储：列 {column} {}；请修改该字段", why.zh)
            }
            StoreError::UnknownForest { name, known } => {
                format!("没有名为 {name} 的树；可用的有 {}", known.join("、"))
            }
            StoreError::ServerUrl { why } => format!("存储地址无法使用：{}；请修改", why.zh),
            StoreError::ServerNotBuiltIn => "当前 orgsnap 未包含 PostgreSQL 存储；请用 --features postgres 构建，或删除任务文件中的 [store]".to_owned(),
            StoreError::OnServer => "该租户的快照存放在数据库服务器上，此命令尚不支持；支持 import、run、retract、runs、findings、sql、tree、diff、export 和 explain"
                .to_owned(),
            StoreError::ServerUnreachable { server, reason } => {
                format!("{server} 上的存储暂时无法使用（{reason}），未发布任何数据；请稍后重新运行")
            }
            StoreError::ServerLogin { server, reason } => {
                format!("{server} 上的存储拒绝了当前用户（{reason}）；请检查用户名、密码和权限")
            }
            StoreError::ServerNewer { server, found, supported } => format!(
                "{server} 上的存储由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {supported}），未作改动；\
                 请升级 orgsnap"
            ),
            StoreError::CommitUnknown { server, run } => format!(
                "提交 {run} 时与 {server} 的连接中断，无法确认是否已发布；请在服务器恢复后重新运行，\
                 如已发布，重复运行不会改变任何数据"
            ),
            StoreError::Claimed { date, owner } => format!(
                "{owner} 正在导入 {date}；请等待其结束（如已被强制终止，请等待占用到期）"
            ),
            StoreError::Fenced { date, owner } => format!(
                "{owner} 对 {date} 的占用已失效（暂停或中断过久），未发布任何数据；已由其他进程接手"
            ),
            StoreError::Server { server, reason } => {
                format!("{server} 上的存储操作失败，当前快照仍然完整（服务器提示：{reason}）")
            }
            StoreError::Misuse(detail) => format!("内部错误，未发布任何数据：{detail}"),
            StoreError::Sqlite { path, source } => format!(
                "{} 操作失败，当前快照仍然完整（SQLite 提示：{source}）；请反馈给开发者",
                path.display()
            ),
        };
        Message::new(zh, self.to_string())
    }

    /// Names the file.
    pub(super) fn sqlite(path: &Path, fault: impl Into<SqliteFault>) -> StoreError {
        let path = path.to_path_buf();
        match fault.into() {
            SqliteFault::Newer { found, supported } => StoreError::Newer { path, found, supported },
            SqliteFault::NotFound => StoreError::NotFound { path },
            SqliteFault::CannotOpen => StoreError::CannotOpen { path },
            SqliteFault::ReadOnly => StoreError::ReadOnly { path },
            SqliteFault::Full => StoreError::Full { path },
            SqliteFault::Disk => StoreError::Disk { path },
            SqliteFault::Locked => StoreError::Locked { path },
            SqliteFault::Corrupt => StoreError::Corrupt { path },
            SqliteFault::NotADatabase => StoreError::NotADatabase { path },
            SqliteFault::Foreign => StoreError::Foreign { path },
            SqliteFault::Other(source) => StoreError::Sqlite { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn sqlite_codes_become_errors_that_say_what_to_do() {
        let cases = [
            (ffi::SQLITE_READONLY, "read-only"),
            (ffi::SQLITE_READONLY_DIRECTORY, "read-only"),
            (ffi::SQLITE_FULL, "disk is full"),
            (ffi::SQLITE_CORRUPT, "damaged"),
            (ffi::SQLITE_BUSY, "locked"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "locked"),
            (ffi::SQLITE_NOTADB, "not a SQLite database"),
            (ffi::SQLITE_CANTOPEN, "cannot be opened"),
            (ffi::SQLITE_IOERR, "cannot be read or written"),
            (ffi::SQLITE_IOERR_SHMSIZE, "cannot be read or written"),
            (ffi::SQLITE_RANGE, "data/1/org.db: "),
        ];
        for (code, words) in cases {
            let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let message = StoreError::sqlite(Path::new("data/1/org.db"), source).to_string();
            assert!(message.contains(words), "{code}: {message}");
            assert!(message.contains("data/1/org.db"), "{code}: {message}");
        }
    }
}
