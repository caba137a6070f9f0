//! The rules: the only place that makes findings. One rule a file, named after its code and defect; references are a table.
//!
//! A rule is a plain static: what it says of itself, and one function. It reports through a [`Sink`]
//! that is bound to it, so it cannot stamp another code, level or disposition. Rules of the groups F, R, V
//! and K see every line; X, N, T and B see accepted rows, on both ends of a comparison; S sees those and the snapshot
//! before.

mod accepted_rows;
mod catalogue;
mod context;
mod levels;
mod rule;
mod run;
mod sink;

mod business;
mod file;
mod key;
mod name;
mod record;
mod reference;
mod snapshot;
mod tree;
mod value;

pub use catalogue::{CATALOGUE, find};
pub use context::{LineContext, RowContext, SnapshotContext};
pub use levels::{LevelError, Levels};
pub use rule::Rule;
pub(in crate::rules) use rule::{Check, Unreadable};
pub use run::{Checked, check_lines, check_rows, check_snapshot, note_left_out_edges};
pub use sink::{NewFinding, Sink};
pub use snapshot::fields_of_previous;
