//! The rules: the only place that makes findings. One rule a file, named after its code and defect; references are a table.
//!
//! A rule is a plain static: what it says of itself, and one function. It reports through a [`Sink`]
//! that is bound to it, so it cannot stamp another code, level or disposition. Rules of the groups F, R, V
//! and K see every line; X and T see accepted rows, on both ends of a comparison.

mod catalogue;
mod context;
mod levels;
mod rule;
mod run;
mod sink;

mod file;
mod key;
mod record;
mod reference;
mod tree;
mod value;

pub use catalogue::{CATALOGUE, find};
pub use context::{LineContext, RowContext};
pub use levels::{LevelError, Levels};
pub use rule::Rule;
pub(in crate::rules) use rule::{Check, Unreadable};
pub use run::{Checked, check_lines, check_rows, note_left_out_edges};
pub use sink::{NewFinding, Sink};
