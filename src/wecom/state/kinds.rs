//! The state of every kind of object.

use crate::wecom::event::ObjectKind;

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
