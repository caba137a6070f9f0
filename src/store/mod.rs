//! `org.db`: the snapshots, their history, the derived forests and the records of all runs.
//!
//! Only this module writes SQL to it. A [`Publication`] is one transaction; only an `Approved` of the gate can commit
//! it. What is written is decided by the pure functions in `plan.rs`. A [`Reader`] only reads.

mod stored_feed;
mod tree_view;
mod branches;
mod connection;
mod database;
mod dates;
mod dictionary;
mod earlier_findings;
mod error;
mod finding_list;
mod keys;
mod last_run;
mod layout;
mod places;
mod plan;
mod previous_rows;
mod publication;
mod quarantined_keys;
mod reader;
mod record;
mod record_view;
mod rows;
mod run_list;
mod snapshot;
mod trees;

#[cfg(test)]
mod tests;

pub use branches::{Branch, BranchFields, Branches, Organ};
pub use connection::DATABASE;
pub use database::Store;
pub use earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, GoneFindings, LaterRule};
pub use error::StoreError;
pub use finding_list::{FindingList, FindingQuery, Standing};
pub use last_run::{LastPublication, LastRun};
pub use publication::{CarriedRow, Cell, Publication};
pub use reader::Reader;
pub use record::{QuarantinedLine, RunRecord};
pub use record_view::RecordView;
pub use rows::{FeedOutcome, NewRows};
pub use run_list::{RunRow, StoredReason};
pub use snapshot::SnapshotInfo;
pub use tree_view::{TreeNode, TreeQuery, TreeView};
