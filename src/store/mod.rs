//! `org.db`: the snapshots, their history, the derived forests and the records of all runs.
//!
//! Only this module writes SQL to it. A [`Publication`] is one transaction; only an `Approved` of the gate can commit
//! it. What becomes of a key is decided by the pure functions of [`crate::timeline`], for a date that is delivered and
//! for one that is taken back ([`Retraction`]). A [`Reader`] only reads.

mod ages;
mod backup;
mod branches;
mod comparison;
mod connection;
mod database;
mod date_change;
mod dates;
mod delivered_rows;
mod dictionary;
mod earlier_findings;
mod episodes;
mod error;
mod event_list;
mod finding_list;
mod keys;
mod known_keys;
mod last_run;
mod layout;
mod places;
mod previous_rows;
mod publication;
mod quarantined_keys;
mod reader;
mod record;
mod record_copy;
mod record_view;
mod retraction;
mod row_writer;
mod rows;
mod select;
mod run_list;
mod snapshot;
mod stored_feed;
mod stored_key;
mod tree_view;
mod trees;

#[cfg(test)]
mod tests;

pub use backup::backup;
pub use branches::{Branch, BranchFields, Branches, Organ};
pub use comparison::{
    Comparison, ComparisonScope, RowDifference, RowDifferenceKind, TableDifference,
};
pub use connection::DATABASE;
pub use database::Store;
pub use date_change::DateChange;
pub use delivered_rows::NewRows;
pub use earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, GoneFindings, LaterRule};
pub use error::StoreError;
pub use event_list::{StoredEvent, StoredEventKind};
pub use finding_list::{FindingList, FindingQuery, Standing};
pub use last_run::{LastPublication, LastRun};
pub use publication::{Publication, TreeSource};
pub use reader::Reader;
pub use record::{QuarantinedLine, RunRecord};
pub use record_copy::CopiedRecords;
pub use record_view::RecordView;
pub use retraction::{Retraction, RetractionRecord};
pub use rows::FeedOutcome;
pub use run_list::{RunRow, StoredApproval, StoredReason};
pub use snapshot::SnapshotInfo;
pub use tree_view::{TreeNode, TreeQuery, TreeView};
