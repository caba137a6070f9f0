//! Who has to act: one of the two parties of the onboarding document, or both.

use crate::model::Message;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// 保险公司.
    Insurer,
    /// 集牛.
    Vendor,
    /// Both of them, together.
    Both,
}

impl Who {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Who::Insurer => "insurer",
            Who::Vendor => "vendor",
            Who::Both => "both",
        }
    }

    /// The words for people.
    pub fn title(self) -> Message {
        match self {
            Who::Insurer => Message::fixed("保险公司", "the insurer (保险公司)"),
            Who::Vendor => Message::fixed("集牛", "Jiniu (集牛)"),
            Who::Both => Message::fixed("保险公司和集牛", "the insurer and Jiniu (保险公司、集牛)"),
        }
    }
}
