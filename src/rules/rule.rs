//! What a rule is.

use crate::model::{Feed, RuleMeta};

use super::context::{LineContext, RowContext, SnapshotContext};
use super::sink::Sink;

/// A rule: what it says of itself, and its check.
#[derive(Debug)]
pub struct Rule {
    /// Code, name, level, disposition and words.
    pub meta: RuleMeta,
    pub(in crate::rules) check: Check,
}

/// The check of a rule, by what it sees.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) enum Check {
    /// Every line, before anything is accepted (F, R, V, K).
    Lines(fn(&LineContext<'_, '_>, &mut Sink)),
    /// Accepted rows, with references resolved and forests built (X, N, T, B). `Err` names the feed that could
    /// not be read, so that nothing could be checked.
    Rows(fn(&RowContext<'_, '_>, &mut Sink) -> Result<(), Unreadable>),
    /// Accepted rows and the snapshot before (S); not run where there is none.
    Snapshot(fn(&SnapshotContext<'_, '_>, &mut Sink) -> Result<(), Unreadable>),
}

/// A feed that a rule needs and that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct Unreadable(pub(in crate::rules) Feed);
