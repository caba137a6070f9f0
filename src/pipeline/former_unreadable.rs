//! A former delivery that cannot be compared with.

use crate::model::Message;

/// A former delivery cannot be compared with. Nothing is said of the delivery that was to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerUnreadable {
    /// Its folder.
    pub folder: String,
    /// Why.
    pub why: Message,
}

impl FormerUnreadable {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let FormerUnreadable { folder, why: Message { zh, en } } = self;
        Message::new(
            format!(
                "--against {folder}：无法读取上一批次：{zh}。请指定包含四个完整文件的目录，或去掉 --against；待校验的批次尚未校验"
            ),
            format!(
                "--against {folder}: the former delivery cannot be read: {en}. Name a folder with four complete files, or \
                 leave --against out; nothing is said of the delivery to be checked"
            ),
        )
    }
}
