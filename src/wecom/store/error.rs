//! What can go wrong with `wecom.db`; each message says what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::Message;
use crate::sqlite::SqliteFault;

/// A fault of the database, of its file, or of the writer in front of it. An event that met one was not acknowledged,
/// so WeCom sends it again. `Display` is the English message.
///
/// `Clone`, because one failed commit is the answer to every event of the batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WecomStoreError {
    /// Written by a newer orgsnap. Nothing was written to it.
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        supported: i64,
    },
    /// There is no database yet.
    NotFound {
        /// The database.
        path: PathBuf,
    },
    /// The file or its folder cannot be opened or created.
    CannotOpen {
        /// The database.
        path: PathBuf,
    },
    /// The file cannot be written.
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The disk fails. SQLite does not say why; a full disk is the usual cause.
    Disk {
        /// The database.
        path: PathBuf,
    },
    /// Another program holds the database.
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The file is damaged.
    Corrupt {
        /// The database.
        path: PathBuf,
    },
    /// The file is not a SQLite database, or one of another program.
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The queue is full: more events arrive than the disk takes.
    Overloaded {
        /// The database.
        path: PathBuf,
    },
    /// The writer has ended; only a bug or the end of the program does that.
    Stopped {
        /// The database.
        path: PathBuf,
    },
    /// Any other fault of SQLite.
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: Arc<rusqlite::Error>,
    },
}

impl WecomStoreError {
    /// Names the file.
    pub(in crate::wecom) fn sqlite(path: &Path, fault: impl Into<SqliteFault>) -> WecomStoreError {
        let path = path.to_path_buf();
        match fault.into() {
            SqliteFault::Newer { found, supported } => {
                WecomStoreError::Newer { path, found, supported }
            }
            SqliteFault::NotFound => WecomStoreError::NotFound { path },
            SqliteFault::CannotOpen => WecomStoreError::CannotOpen { path },
            SqliteFault::ReadOnly => WecomStoreError::ReadOnly { path },
            SqliteFault::Full => WecomStoreError::Full { path },
            SqliteFault::Disk => WecomStoreError::Disk { path },
            SqliteFault::Locked => WecomStoreError::Locked { path },
            SqliteFault::Corrupt => WecomStoreError::Corrupt { path },
            SqliteFault::NotADatabase | SqliteFault::Foreign => WecomStoreError::Foreign { path },
            SqliteFault::Other(source) => {
                WecomStoreError::Sqlite { path, source: Arc::new(source) }
            }
        }
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            WecomStoreError::Newer { path, found, supported } => Message::new(
                format!(
                    "{} 由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {supported}），未作改动；请升级 orgsnap",
                    path.display()
                ),
                format!(
                    "{} was written by a newer orgsnap (format {found}, this one knows {supported}); it was left as \
                     it is: install the newer version",
                    path.display()
                ),
            ),
            WecomStoreError::NotFound { path } => Message::new(
                format!(
                    "{} 不存在：该租户还没有收到过企业微信回调；请检查租户编号和 --data，并用 orgsnap wecom send-test 发送一条测试事件",
                    path.display()
                ),
                format!(
                    "{} does not exist: this tenant has not received a callback yet; check the tenant and --data, and \
                     send a sample event with orgsnap wecom send-test",
                    path.display()
                ),
            ),
            WecomStoreError::CannotOpen { path } => Message::new(
                format!(
                    "{} 无法打开或创建；请检查所在目录是否存在、当前用户能否写入",
                    path.display()
                ),
                format!(
                    "{} cannot be opened or created: check that its folder exists and that this user may write there",
                    path.display()
                ),
            ),
            WecomStoreError::ReadOnly { path } => Message::new(
                format!("{} 为只读；请授予当前用户对该文件及其目录的写权限", path.display()),
                format!(
                    "{} is read-only: give this user the right to write the file and its folder",
                    path.display()
                ),
            ),
            WecomStoreError::Full { path } => Message::new(
                format!(
                    "磁盘已满，{} 未作改动，未确认的回调由企业微信重发；请尽快腾出空间",
                    path.display()
                ),
                format!(
                    "the disk is full, {} was not changed and WeCom sends what was not acknowledged again: free some \
                     space soon",
                    path.display()
                ),
            ),
            WecomStoreError::Disk { path } => Message::new(
                format!(
                    "{} 所在的磁盘读写失败（通常是磁盘已满或磁盘故障），未确认的回调由企业微信重发；请检查剩余空间和系统日志",
                    path.display()
                ),
                format!(
                    "the disk of {} cannot be read or written, and WeCom sends what was not acknowledged again: check \
                     its free space and the system's log",
                    path.display()
                ),
            ),
            WecomStoreError::Locked { path } => Message::new(
                format!("{} 正被其他程序锁定；请关闭在其上打开事务的程序", path.display()),
                format!(
                    "{} is locked by another program: close what holds a transaction open on it",
                    path.display()
                ),
            ),
            WecomStoreError::Corrupt { path } => Message::new(
                format!("{} 已损坏；请从备份恢复，或将其移走后重新接收", path.display()),
                format!(
                    "{} is damaged: restore it from a backup, or move it away so that events can be stored again",
                    path.display()
                ),
            ),
            WecomStoreError::Foreign { path } => Message::new(
                format!(
                    "{} 不是 orgsnap 的回调数据库，未作改动；请将其移走，或换一个数据目录",
                    path.display()
                ),
                format!(
                    "{} is not a database of callbacks of orgsnap's; it was left as it is: move it away, or name \
                     another data folder",
                    path.display()
                ),
            ),
            WecomStoreError::Overloaded { path } => Message::new(
                format!(
                    "写入 {} 的回调过多，磁盘来不及落盘；未确认的回调由企业微信重发，请检查磁盘",
                    path.display()
                ),
                format!(
                    "more callbacks wait for {} than the disk takes; WeCom sends what was not acknowledged again: \
                     check the disk",
                    path.display()
                ),
            ),
            WecomStoreError::Stopped { path } => Message::new(
                format!("{} 的写入已经停止；请重新启动 orgsnap serve", path.display()),
                format!("the writer of {} has stopped: start orgsnap serve again", path.display()),
            ),
            WecomStoreError::Sqlite { path, source } => Message::new(
                format!("{}：{source}；请检查磁盘和文件权限", path.display()),
                format!("{}: {source}; check the disk and the file's permissions", path.display()),
            ),
        }
    }
}

impl fmt::Display for WecomStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
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
            (ffi::SQLITE_FULL, "disk is full"),
            (ffi::SQLITE_IOERR, "cannot be read or written"),
            (ffi::SQLITE_CORRUPT, "damaged"),
            (ffi::SQLITE_BUSY, "locked"),
            (ffi::SQLITE_NOTADB, "not a database of callbacks"),
            (ffi::SQLITE_CANTOPEN, "cannot be opened"),
            (ffi::SQLITE_RANGE, "data/1/wecom.db: "),
        ];
        for (code, words) in cases {
            let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let message = WecomStoreError::sqlite(Path::new("data/1/wecom.db"), source).to_string();
            assert!(message.contains(words), "{code}: {message}");
            assert!(message.contains("data/1/wecom.db"), "{code}: {message}");
        }
    }
}
