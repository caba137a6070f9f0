//! An error as the user is told of it: words in both languages, and an exit code.

use orgsnap::config::SchemaError;
use orgsnap::config::job::ConfigError;
use orgsnap::fetch::{ArchiveError, FetchError};
use orgsnap::model::{Message, system_reason};
use orgsnap::pipeline::RunError;
use orgsnap::report::json::WriteError;
use orgsnap::store::StoreError;
use orgsnap::store::lock::LockError;

use super::exit::Exit;

/// What ends a verb.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened, where, and what to do.
    pub message: Message,
}

impl Failure {
    /// A fault that whoever runs orgsnap can mend.
    pub(super) fn usage(message: Message) -> Failure {
        Failure { exit: Exit::Usage, message }
    }

    /// A fault of orgsnap or of the machine.
    pub(super) fn internal(message: Message) -> Failure {
        Failure { exit: Exit::Internal, message }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::usage(error.message())
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        Failure { exit: fetch_exit(&error), message: error.message() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Config(error) => error.into(),
            RunError::Levels(error) => {
                let place = format!("{}:{}", error.file.display(), error.line);
                let Message { zh, en } = error.message;
                Failure::usage(Message::new(format!("{place}: {zh}"), format!("{place}: {en}")))
            }
            RunError::Schema(error) => Failure::usage(schema_message(&error)),
            RunError::NoSource => Failure::usage(Message::fixed(
                "任务文件没有 [source]；请补上，或用 --from 指定文件所在的文件夹",
                "the job has no [source]; write one, or give a folder with --from",
            )),
            RunError::Fetch(error) => error.into(),
            RunError::Archive(error) => {
                let exit = match error {
                    ArchiveError::Disk(_) => Exit::Usage,
                    // The folder of a new run holds nothing yet, and nothing is read back from it.
                    _ => Exit::Internal,
                };
                Failure { exit, message: error.message() }
            }
            RunError::Lock(error) => {
                let exit = match error {
                    LockError::Held { .. } => Exit::Locked,
                    LockError::Unusable { .. } => Exit::Usage,
                };
                Failure { exit, message: error.message() }
            }
            RunError::Store(error) => error.into(),
            // What polars says may quote a value, so it is not passed on.
            RunError::Frame(_) => Failure::internal(Message::fixed(
                "orgsnap 内部故障（数据表）；对外快照仍然完整，请反馈给开发者",
                "internal fault of orgsnap (frames); the published snapshot is whole, please report this",
            )),
        }
    }
}

/// The schema's errors in both languages; its own words are the English ones.
fn schema_message(error: &SchemaError) -> Message {
    let zh = match error {
        SchemaError::Read { path, source } => {
            let why = system_reason(source).zh;
            format!("无法读取结构文件 {}：{why}；请检查任务文件中的 schema", path.display())
        }
        SchemaError::Json { file, line, column, problem } => {
            format!("{file}:{line}:{column}: 不是有效的 JSON：{problem}")
        }
        SchemaError::Invalid { file, pointer, problem } => {
            format!("{file}: {pointer} 处不符合要求：{problem}")
        }
    };
    Message::new(zh, error.to_string())
}

/// A source that cannot be had is a source that is unavailable, whoever has to mend it; what the job
/// file or the data folder has to do with it is not.
fn fetch_exit(error: &FetchError) -> Exit {
    match error {
        FetchError::Password(_) | FetchError::TlsSetup { .. } | FetchError::NotAFileName { .. } => {
            Exit::Usage
        }
        FetchError::Disk(_) => Exit::Usage,
        _ => Exit::Unavailable,
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        let (path, Message { zh, en }) = (error.path.display(), system_reason(&error.source));
        Failure::usage(Message::new(
            format!("运行已结束，但报告 {path} 无法写入：{zh}；请检查数据文件夹的权限和剩余空间"),
            format!(
                "the run is over, but its report {path} could not be written: {en}; check the data \
                 folder's permissions and free space"
            ),
        ))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::internal(Message::new(
            format!("无法生成 JSON：{error}；请报告此问题"),
            format!("the JSON could not be made: {error}; please report this"),
        ))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure { exit: store_exit(&error), message: store_message(&error) }
    }
}

/// What can be mended from outside is the user's to mend; the rest is a fault.
fn store_exit(error: &StoreError) -> Exit {
    match error {
        StoreError::Newer { .. }
        | StoreError::OlderDate { .. }
        | StoreError::NotFound { .. }
        | StoreError::CannotOpen { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Full { .. }
        | StoreError::Disk { .. }
        | StoreError::NotADatabase { .. }
        | StoreError::Foreign { .. }
        | StoreError::Column { .. }
        | StoreError::UnknownForest { .. } => Exit::Usage,
        StoreError::Locked { .. } => Exit::Locked,
        StoreError::Corrupt { .. } | StoreError::Misuse(_) | StoreError::Sqlite { .. } => {
            Exit::Internal
        }
    }
}

/// The store's errors in both languages; its own words are the English ones.
fn store_message(error: &StoreError) -> Message {
    let zh = match error {
        StoreError::Newer { path, found, supported } => format!(
            "{} 由更新版本的 orgsnap 写成（格式 {found}，本程序支持到 {supported}），未作改动；请升级 orgsnap",
            path.display()
        ),
        StoreError::OlderDate { date, newest } => format!(
            "{date} 早于最新快照 {newest}；目前只能导入最新日期或更晚的日期：请重新导入 {newest}，或换一个数据文件夹从 {date} 起导入"
        ),
        StoreError::NotFound { path } => {
            format!(
                "{} 不存在：这个数据文件夹还没有导入过数据；请先执行 orgsnap import",
                path.display()
            )
        }
        StoreError::CannotOpen { path } => {
            format!("{} 无法打开或创建；请检查所在文件夹是否存在、当前用户能否写入", path.display())
        }
        StoreError::ReadOnly { path } => {
            format!("{} 为只读；请授予当前用户对该文件及其文件夹的写权限", path.display())
        }
        StoreError::Full { path } => format!(
            "磁盘已满，{} 未作改动；请腾出空间（首次导入约需交付文件两倍的大小）后重新导入",
            path.display()
        ),
        StoreError::Disk { path } => format!(
            "{} 所在的磁盘读写失败（多半是磁盘已满或磁盘故障），对外快照仍然完整；请检查剩余空间和系统日志后重新运行",
            path.display()
        ),
        StoreError::Locked { path } => {
            format!("{} 正被其他程序锁定；请关闭占用它的程序后重新导入", path.display())
        }
        StoreError::Corrupt { path } => {
            format!("{} 已损坏；请从备份恢复，或移走它并重新导入已归档的交付文件", path.display())
        }
        StoreError::NotADatabase { path } => {
            format!("{} 不是 SQLite 数据库；请移走它，或换一个数据文件夹", path.display())
        }
        StoreError::Foreign { path } => {
            format!("{} 是其他程序的数据库，未作改动；请移走它，或换一个数据文件夹", path.display())
        }
        StoreError::Column { feed, column, why } => {
            format!("{feed} 的数据结构无法存储：列 {column} {why}；请给该字段换一个名称")
        }
        StoreError::UnknownForest { name, known } => {
            format!("没有名为 {name} 的树；可用的有 {}", known.join("、"))
        }
        StoreError::Misuse(detail) => format!("内部错误，未发布任何数据：{detail}"),
        StoreError::Sqlite { path, source } => {
            format!(
                "{} 操作失败，对外快照仍然完整（SQLite 提示：{source}）；请反馈给开发者",
                path.display()
            )
        }
    };
    Message::new(zh, error.to_string())
}
