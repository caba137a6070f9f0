//! The rules: the only place that makes findings. One rule a file, named after its code and defect.
//!
//! A rule is a plain static: what it says of itself, and one function. It reports through a [`Sink`]
//! that is bound to it, so it cannot stamp another code, level or disposition. Rules of the groups F, R, V
//! and K see every line; X and T see accepted rows, on both ends of a comparison.

mod catalogue;
mod context;
mod levels;
mod run;
mod sink;

mod file;
mod key;
mod record;
mod reference;
mod tree;
mod value;

use crate::model::RuleMeta;

pub use catalogue::{CATALOGUE, find};
pub use context::{LineContext, RowContext};
pub use levels::{LevelError, Levels};
pub use run::{Checked, check_lines, check_rows, note_left_out_edges};
pub use sink::{NewFinding, Sink};

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
    /// Accepted rows, with references resolved and forests built (X, T). `Err` names the feed that could
    /// not be read, so that nothing could be checked.
    Rows(fn(&RowContext<'_, '_>, &mut Sink) -> Result<(), Unreadable>),
}

/// A feed that a rule needs and that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) struct Unreadable(pub(in crate::rules) crate::model::Feed);
