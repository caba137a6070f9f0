//! Why the lake cannot be written or read.

use std::fmt;
use std::io;

use chrono::NaiveDate;

use crate::model::{Message, system_reason};
use crate::store::{StatementError, StoreError};

/// Why the lake cannot be written or read. What was published stays as it was.
#[derive(Debug)]
pub enum LakeError {
    /// A file of the lake cannot be read or written.
    Storage {
        /// The file, as people name it.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A publication or data file is not what orgsnap writes.
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A newer orgsnap wrote it.
    Newer {
        /// The file.
        file: String,
        /// Its format.
        found: u32,
    },
    /// Another export has published the same revision of a date first.
    Concurrent {
        /// The date.
        date: NaiveDate,
    },
    /// The database was written again and again while it was exported.
    Busy,
    /// The program was built without what the place of the lake needs.
    NotBuiltIn {
        /// The cargo feature.
        feature: &'static str,
    },
    /// A setting of the job is missing.
    Settings(Message),
    /// A table cannot be read.
    Statement(String, StatementError),
    /// A fault of the database.
    Store(StoreError),
}

impl From<StoreError> for LakeError {
    fn from(error: StoreError) -> LakeError {
        LakeError::Store(error)
    }
}

impl fmt::Display for LakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for LakeError {}

impl LakeError {
    /// Whether it may go by itself: another try is worth it.
    pub fn is_transient(&self) -> bool {
        match self {
            LakeError::Concurrent { .. } | LakeError::Busy => true,
            LakeError::Storage { source, .. } => !matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::NotADirectory
            ),
            LakeError::Damaged { .. }
            | LakeError::Newer { .. }
            | LakeError::NotBuiltIn { .. }
            | LakeError::Settings(_)
            | LakeError::Statement(..)
            | LakeError::Store(_) => false,
        }
    }

    /// What happened and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            LakeError::Storage { file, source } => {
                let Message { zh, en } = system_reason(source);
                Message::new(
                    format!(
                        "无法读写数据湖文件 {file}：{zh}；请检查位置、权限和剩余空间，下次导出会补齐"
                    ),
                    format!(
                        "cannot read or write {file} of the lake: {en}; check its place, permissions and free space; the next \
                         export makes up for it"
                    ),
                )
            }
            LakeError::Damaged { file, reason } => Message::new(
                format!("数据湖文件 {file} 已损坏：{reason}；请用 orgsnap lake verify 检查"),
                format!("{file} of the lake is damaged: {reason}; see orgsnap lake verify"),
            ),
            LakeError::Newer { file, found } => Message::new(
                format!("{file} 由更高版本的 orgsnap 写入（格式 {found}）；请升级 orgsnap"),
                format!("{file} was written by a newer orgsnap (format {found}); upgrade orgsnap"),
            ),
            LakeError::Concurrent { date } => Message::new(
                format!("另一个导出已先发布了 {date} 的同一修订；请重新导出"),
                format!(
                    "another export has published the same revision of {date} first; export again"
                ),
            ),
            LakeError::Busy => Message::fixed(
                "导出期间数据库一再更新；请稍后重新导出",
                "the database was written again and again during the export; export again later",
            ),
            LakeError::NotBuiltIn { feature } => Message::new(
                format!(
                    "此版本的 orgsnap 不含 {feature} 功能；请使用以 --features {feature} 构建的版本"
                ),
                format!(
                    "this orgsnap was built without {feature}; use one built with --features {feature}"
                ),
            ),
            LakeError::Settings(message) => message.clone(),
            LakeError::Statement(table, error) => {
                let Message { zh, en } = error.message();
                Message::new(
                    format!("无法读取表 {table}：{zh}"),
                    format!("cannot read the table {table}: {en}"),
                )
            }
            LakeError::Store(error) => error.message(),
        }
    }
}
