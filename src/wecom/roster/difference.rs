//! A difference between the members of WeCom and the roster.

use crate::model::{Feed, Message};

/// What kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// An agent, or somebody of the office staff, who left, or is no longer delivered, still is a member.
    DepartedStillMember,
    /// An active agent has no account.
    ActiveWithoutAccount,
    /// A member is neither an agent nor of the office staff.
    UnknownMember,
    /// The callbacks say that somebody is a member; the list does not.
    DepartureMissed,
    /// The callbacks say that somebody is no member any more; the list says otherwise.
    ReturnMissed,
}

impl DifferenceKind {
    /// All kinds, in the order in which they are told.
    pub const ALL: [DifferenceKind; 5] = [
        DifferenceKind::DepartedStillMember,
        DifferenceKind::ActiveWithoutAccount,
        DifferenceKind::UnknownMember,
        DifferenceKind::DepartureMissed,
        DifferenceKind::ReturnMissed,
    ];

    /// The name in `roster_check` and in documents.
    pub fn name(self) -> &'static str {
        match self {
            DifferenceKind::DepartedStillMember => "departed_still_member",
            DifferenceKind::ActiveWithoutAccount => "active_without_account",
            DifferenceKind::UnknownMember => "unknown_member",
            DifferenceKind::DepartureMissed => "departure_missed",
            DifferenceKind::ReturnMissed => "return_missed",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<DifferenceKind> {
        DifferenceKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it means.
    pub fn title(self) -> Message {
        match self {
            DifferenceKind::DepartedStillMember => Message::fixed(
                "已离职（或已不在数据文件中）但仍是企业微信成员的人员",
                "people who left (or are no longer delivered) and still are members",
            ),
            DifferenceKind::ActiveWithoutAccount => {
                Message::fixed("在职但没有企业微信账号的代理人", "active agents without an account")
            }
            DifferenceKind::UnknownMember => Message::fixed(
                "既不是代理人也不是内勤人员的企业微信成员",
                "members who are neither agents nor office staff",
            ),
            DifferenceKind::DepartureMissed => Message::fixed(
                "已不是成员，但没有收到删除回调",
                "no members any more, but no callback told of it",
            ),
            DifferenceKind::ReturnMissed => Message::fixed(
                "回调显示已删除，但仍是成员",
                "deleted according to the callbacks, but members",
            ),
        }
    }
}

/// A difference, as the comparison finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Of what kind.
    pub kind: DifferenceKind,
    /// What it is about, the same on every day: the agent's id for an agent without an account, else the account.
    pub subject: String,
    /// The user id; for an agent without an account the one that was looked for, if there is one to look for.
    pub user_id: Option<String>,
    /// The agent, or the one of the office staff, where one is concerned.
    pub person: Option<PersonDetail>,
}

impl Difference {
    /// The id by which terminal, log and alerts name it: the agent's for an agent without an account, as a user id that was
    /// looked for may be made of any field, even a name.
    pub fn public_id(&self) -> &str {
        match (self.kind, &self.user_id) {
            (DifferenceKind::ActiveWithoutAccount, _) | (_, None) => &self.subject,
            (_, Some(user_id)) => user_id,
        }
    }
}

/// What is told of an agent, or of somebody of the office staff.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonDetail {
    /// Which of the two.
    pub feed: Feed,
    /// The id in that feed.
    pub id: String,
    /// The name, which is personal.
    pub name: Option<String>,
    /// The organisation.
    pub organ_name: Option<String>,
    /// The team; none of office staff.
    pub team_name: Option<String>,
    /// When an agent left.
    pub leave_date: Option<String>,
}
