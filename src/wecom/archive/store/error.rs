//! What can go wrong with `session.db`; each message says what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::model::Message;
use crate::sqlite::SqliteFault;

/// A fault of the database or its file. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub struct SessionStoreError {
    /// The database.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: SqliteFault,
}

impl SessionStoreError {
    /// Names the file.
    pub(super) fn at(path: &Path, fault: impl Into<SqliteFault>) -> SessionStoreError {
        SessionStoreError { path: path.to_path_buf(), fault: fault.into() }
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let path = self.path.display();
        match &self.fault {
            SqliteFault::Newer { found, supported } => Message::new(
                format!(
                    "{path} 由更高版本的 orgsnap 创建（格式版本 {found}，本程序最高支持 {supported}），未作改动；请升级 orgsnap"
                ),
                format!(
                    "{path} was written by a newer orgsnap (format {found}, this one knows {supported}); it was left as it \
                     is: install the newer version"
                ),
            ),
            SqliteFault::NotFound => Message::new(
                format!(
                    "{path} 不存在：尚未拉取过会话内容存档；请先执行 orgsnap wecom archive pull"
                ),
                format!(
                    "{path} does not exist: nothing was pulled yet; run orgsnap wecom archive pull first"
                ),
            ),
            SqliteFault::CannotOpen => Message::new(
                format!("{path} 无法打开或创建；请检查所在目录是否存在、当前用户能否写入"),
                format!(
                    "{path} cannot be opened or created: check that its folder exists and that this user may write there"
                ),
            ),
            SqliteFault::ReadOnly => Message::new(
                format!("{path} 为只读；请授予当前用户对该文件及其目录的写权限"),
                format!(
                    "{path} is read-only: give this user the right to write the file and its folder"
                ),
            ),
            SqliteFault::Full => Message::new(
                format!(
                    "磁盘已满，{path} 未作改动；请在五天内腾出空间并重新拉取，否则企业微信不再保留"
                ),
                format!(
                    "the disk is full and {path} was not changed: free some space and pull again within five days, after \
                     which WeCom keeps nothing"
                ),
            ),
            SqliteFault::Disk => Message::new(
                format!(
                    "{path} 所在的磁盘读写失败（通常是磁盘已满或磁盘故障）；请检查剩余空间和系统日志"
                ),
                format!(
                    "the disk of {path} cannot be read or written: check its free space and the system's log"
                ),
            ),
            SqliteFault::Locked => Message::new(
                format!("{path} 正被其他程序锁定；请关闭在其上打开事务的程序"),
                format!(
                    "{path} is locked by another program: close what holds a transaction open on it"
                ),
            ),
            SqliteFault::Corrupt => Message::new(
                format!(
                    "{path} 已损坏；请从备份恢复，或将其移走后重新拉取（只能取回五天内的消息）"
                ),
                format!(
                    "{path} is damaged: restore it from a backup, or move it away and pull again, which brings back five \
                     days"
                ),
            ),
            SqliteFault::NotADatabase | SqliteFault::Foreign => Message::new(
                format!(
                    "{path} 不是 orgsnap 的会话内容存档数据库，未作改动；请将其移走，或换一个数据目录"
                ),
                format!(
                    "{path} is not a database of the session archive of orgsnap's; it was left as it is: move it away, or \
                     name another data folder"
                ),
            ),
            SqliteFault::Other(source) => Message::new(
                format!("{path}：{source}；请检查磁盘和文件权限"),
                format!("{path}: {source}; check the disk and the file's permissions"),
            ),
        }
    }
}

impl fmt::Display for SessionStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
