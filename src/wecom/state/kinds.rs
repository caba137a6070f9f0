//! The state of every kind of object.

use crate::wecom::event::{Object, ObjectKind};

use super::state_descriptor::State;
use super::{batch_job, customer_group, customer_tag, department, external_contact, member, tag};

/// How events change objects of a kind. The one place where kinds and their tables meet.
pub(super) fn state_of(kind: ObjectKind) -> &'static State {
    match kind {
        ObjectKind::Member => &member::STATE,
        ObjectKind::Department => &department::STATE,
        ObjectKind::Tag => &tag::STATE,
        ObjectKind::ExternalContact => &external_contact::STATE,
        ObjectKind::CustomerGroup => &customer_group::STATE,
        ObjectKind::CustomerTag => &customer_tag::STATE,
        ObjectKind::BatchJob => &batch_job::STATE,
    }
}

/// The key of an object in the table of its kind, under one of the ids that it has had.
pub(super) fn key_of<'o>(kind: ObjectKind, object: &'o Object, id: &'o str) -> Vec<&'o str> {
    match kind.descriptor().per_follower {
        true => vec![id, object.user_id.as_deref().unwrap_or_default()],
        false => vec![id],
    }
}
