//! Which object an event concerns: the table of what is known.

use super::node::Node;
use super::problem::ParseProblem;

/// A kind of object whose state follows from events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A member, by `UserID`.
    Member,
    /// A department, by `Id`.
    Department,
    /// A tag of members, by `TagId`.
    Tag,
    /// A customer as one member follows them, by `ExternalUserID` and `UserID`.
    ExternalContact,
    /// A customer group, by `ChatId`.
    CustomerGroup,
    /// A customer tag or a group of them, by `Id`.
    CustomerTag,
    /// A batch job, by `JobId`.
    BatchJob,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [ObjectKind; 7] = [
        ObjectKind::Member,
        ObjectKind::Department,
        ObjectKind::Tag,
        ObjectKind::ExternalContact,
        ObjectKind::CustomerGroup,
        ObjectKind::CustomerTag,
        ObjectKind::BatchJob,
    ];

    /// The name of the kind, and of its table.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Member => "member",
            ObjectKind::Department => "department",
            ObjectKind::Tag => "tag",
            ObjectKind::ExternalContact => "external_contact",
            ObjectKind::CustomerGroup => "customer_group",
            ObjectKind::CustomerTag => "customer_tag",
            ObjectKind::BatchJob => "batch_job",
        }
    }
}

/// What an event concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its kind; none where orgsnap keeps no state of it.
    pub kind: Option<ObjectKind>,
    /// Its id.
    pub id: String,
    /// The member concerned: the follower of an external contact, or the member itself.
    pub user_id: Option<String>,
}

/// The ids by which an event that is not known may name what it concerns, the most telling first.
const IDS: [&str; 9] =
    ["ExternalUserID", "UserID", "ChatId", "TagId", "JobId", "LinkId", "SpNo", "EventKey", "Id"];

/// What an event of the given names concerns.
///
/// # Errors
/// [`ParseProblem::MissingId`] if it must name something and does not.
pub(super) fn concerned(
    event: Option<&str>,
    change: Option<&str>,
    fields: &Node,
) -> Result<Option<Object>, ParseProblem> {
    let text = |name: &str| fields.filled(name).map(str::to_owned);
    let Some(kind) = kind(event, change) else {
        let id = IDS.iter().find_map(|name| text(name));
        return Ok(id.map(|id| Object { kind: None, id, user_id: text("UserID") }));
    };
    let (id, user_id) = match kind {
        ObjectKind::Member => (text("UserID"), text("UserID")),
        ObjectKind::Department | ObjectKind::CustomerTag => (text("Id"), None),
        ObjectKind::Tag => (text("TagId"), None),
        ObjectKind::ExternalContact => (text("ExternalUserID"), text("UserID")),
        ObjectKind::CustomerGroup => (text("ChatId"), None),
        ObjectKind::BatchJob => {
            let job = fields.get("BatchJob").and_then(|job| job.filled("JobId"));
            (job.map(str::to_owned).or_else(|| text("JobId")), None)
        }
    };
    let follower_missing = kind == ObjectKind::ExternalContact && user_id.is_none();
    match id {
        Some(id) if !follower_missing => Ok(Some(Object { kind: Some(kind), id, user_id })),
        // Sorting whole groups of tags names no single one.
        None if change == Some("shuffle") => Ok(None),
        _ => Err(ParseProblem::MissingId),
    }
}

/// The kind of object whose state an event changes.
fn kind(event: Option<&str>, change: Option<&str>) -> Option<ObjectKind> {
    let kind = match (event?, change) {
        ("change_contact", Some("create_user" | "update_user" | "delete_user")) => {
            ObjectKind::Member
        }
        ("change_contact", Some("create_party" | "update_party" | "delete_party")) => {
            ObjectKind::Department
        }
        ("change_contact", Some("update_tag")) => ObjectKind::Tag,
        (
            "change_external_contact",
            Some(
                "add_external_contact"
                | "edit_external_contact"
                | "add_half_external_contact"
                | "del_external_contact"
                | "del_follow_user"
                | "transfer_fail"
                | "msg_audit_approved",
            ),
        ) => ObjectKind::ExternalContact,
        ("change_external_chat", Some("create" | "update" | "dismiss")) => {
            ObjectKind::CustomerGroup
        }
        ("change_external_tag", Some("create" | "update" | "delete" | "shuffle")) => {
            ObjectKind::CustomerTag
        }
        ("batch_job_result", _) => ObjectKind::BatchJob,
        _ => return None,
    };
    Some(kind)
}
