//! Why tables cannot be exported.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::model::{Message, system_reason};
use crate::store::{StatementError, StoreError};

/// Why tables cannot be exported. No file is left behind.
#[derive(Debug)]
pub enum ExportError {
    /// There is no such table.
    UnknownTable {
        /// The name asked for.
        name: String,
        /// The tables that can be exported.
        known: Vec<String>,
    },
    /// The columns of a table of a tenant are not those of the tenant before it.
    Columns {
        /// The tenant.
        tenant: String,
        /// The table.
        table: String,
    },
    /// Something is there that would be replaced.
    Exists(PathBuf),
    /// The file or folder cannot be written.
    Write(PathBuf, io::Error),
    /// A table or view cannot be read.
    Statement(String, StatementError),
    /// A fault of the database.
    Store(StoreError),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        ExportError::Store(error)
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for ExportError {}

impl ExportError {
    /// What happened and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            ExportError::UnknownTable { name, known } => Message::new(
                format!("没有可导出的表 {name}；可导出的有：{}", known.join("、")),
                format!(
                    "there is no table {name} to export; those that can be: {}",
                    known.join(", ")
                ),
            ),
            ExportError::Columns { tenant, table } => Message::new(
                format!("租户 {tenant} 的表 {table} 与前面租户的列不同；请分别导出"),
                format!(
                    "the table {table} of tenant {tenant} has other columns than that of the tenants before it; export \
                     them one by one"
                ),
            ),
            ExportError::Exists(path) => Message::new(
                format!("{} 已存在；如需替换请加 --force", path.display()),
                format!("{} is there already; replace it with --force", path.display()),
            ),
            ExportError::Write(path, error) => {
                let Message { zh, en } = system_reason(error);
                Message::new(
                    format!("无法写入 {}：{zh}；请检查所在目录的权限和剩余空间", path.display()),
                    format!(
                        "cannot write {}: {en}; check its folder's permissions and free space",
                        path.display()
                    ),
                )
            }
            ExportError::Statement(table, error) => {
                let Message { zh, en } = error.message();
                Message::new(
                    format!("无法读取表 {table}：{zh}"),
                    format!("the table {table} cannot be read: {en}"),
                )
            }
            ExportError::Store(error) => error.message(),
        }
    }
}
