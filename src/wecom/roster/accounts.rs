//! User ids: which account is whose.

use std::borrow::Cow;

use crate::config::job::{IdCase, RosterMapping};

/// A user id by which accounts are compared.
pub(super) fn account_key(user_id: &str, case: IdCase) -> Cow<'_, str> {
    match case {
        IdCase::Ignore if user_id.chars().any(|c| c.is_uppercase()) => {
            Cow::Owned(user_id.to_lowercase())
        }
        IdCase::Ignore | IdCase::Exact => Cow::Borrowed(user_id),
    }
}

/// The user id that belongs to a value of the roster.
pub(super) fn user_id<'v>(mapping: &RosterMapping, value: &'v str) -> Cow<'v, str> {
    match mapping.prefix.as_str() {
        "" => Cow::Borrowed(value),
        prefix => Cow::Owned(format!("{prefix}{value}")),
    }
}
