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

    /// What there is to know of the kind.
    pub(in crate::wecom) fn descriptor(self) -> &'static KindDescriptor {
        &KINDS[self as usize]
    }

    /// The name of the kind, and of its table.
    pub fn name(self) -> &'static str {
        self.descriptor().name
    }
}

/// A kind of object: which events change it, and how they name it.
#[derive(Debug)]
pub(in crate::wecom) struct KindDescriptor {
    kind: ObjectKind,
    name: &'static str,
    /// Events that change an object of the kind: `Event` with its `ChangeType`s; none means any.
    events: &'static [(&'static str, &'static [&'static str])],
    /// The element that holds the fields, if it is not the event itself.
    inside: Option<&'static str>,
    /// The field of its id.
    id: &'static str,
    /// The field of the member concerned, if events name one.
    user_id: Option<&'static str>,
    /// Whether each member who follows the object has an object of its own.
    pub(in crate::wecom) per_follower: bool,
    /// Whether its id can change (`NewUserID`).
    pub(in crate::wecom) renamed: bool,
}

/// A kind whose events have their fields at the top, name no member and never change its id.
const fn kind_of(
    kind: ObjectKind,
    name: &'static str,
    events: &'static [(&'static str, &'static [&'static str])],
    id: &'static str,
) -> KindDescriptor {
    KindDescriptor {
        kind,
        name,
        events,
        inside: None,
        id,
        user_id: None,
        per_follower: false,
        renamed: false,
    }
}

/// All kinds, in the order of [`ObjectKind::ALL`].
static KINDS: [KindDescriptor; 7] = [
    KindDescriptor {
        user_id: Some("UserID"),
        renamed: true,
        ..kind_of(
            ObjectKind::Member,
            "member",
            &[("change_contact", &["create_user", "update_user", "delete_user"])],
            "UserID",
        )
    },
    kind_of(
        ObjectKind::Department,
        "department",
        &[("change_contact", &["create_party", "update_party", "delete_party"])],
        "Id",
    ),
    kind_of(ObjectKind::Tag, "tag", &[("change_contact", &["update_tag"])], "TagId"),
    KindDescriptor {
        user_id: Some("UserID"),
        per_follower: true,
        ..kind_of(
            ObjectKind::ExternalContact,
            "external_contact",
            &[(
                "change_external_contact",
                &[
                    "add_external_contact",
                    "edit_external_contact",
                    "add_half_external_contact",
                    "del_external_contact",
                    "del_follow_user",
                    "transfer_fail",
                    "msg_audit_approved",
                ],
            )],
            "ExternalUserID",
        )
    },
    kind_of(
        ObjectKind::CustomerGroup,
        "customer_group",
        &[("change_external_chat", &["create", "update", "dismiss"])],
        "ChatId",
    ),
    kind_of(
        ObjectKind::CustomerTag,
        "customer_tag",
        &[("change_external_tag", &["create", "update", "delete", "shuffle"])],
        "Id",
    ),
    KindDescriptor {
        inside: Some("BatchJob"),
        ..kind_of(ObjectKind::BatchJob, "batch_job", &[("batch_job_result", &[])], "JobId")
    },
];

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
    let Some(descriptor) = descriptor(event, change) else {
        let id = IDS.iter().find_map(|name| text(name));
        return Ok(id.map(|id| Object { kind: None, id, user_id: text("UserID") }));
    };
    let inside = descriptor.inside.and_then(|name| fields.get(name)?.filled(descriptor.id));
    let id = inside.map(str::to_owned).or_else(|| text(descriptor.id));
    let user_id = descriptor.user_id.and_then(text);
    let follower_missing = descriptor.per_follower && user_id.is_none();
    match id {
        Some(id) if !follower_missing => {
            Ok(Some(Object { kind: Some(descriptor.kind), id, user_id }))
        }
        // Sorting whole groups of tags names no single one.
        None if change == Some("shuffle") => Ok(None),
        _ => Err(ParseProblem::MissingId),
    }
}

/// The kind of object whose state an event changes.
fn descriptor(event: Option<&str>, change: Option<&str>) -> Option<&'static KindDescriptor> {
    KINDS.iter().find(|kind| {
        kind.events.iter().any(|(name, changes)| {
            Some(*name) == event
                && (changes.is_empty() || change.is_some_and(|change| changes.contains(&change)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_kind_has_its_own_descriptor() {
        for kind in ObjectKind::ALL {
            assert_eq!(kind.descriptor().kind, kind);
        }
    }
}
