//! The snapshots, their history, the derived forests and the records of all runs of one tenant.
//!
//! A [`Publication`] is one transaction; only an `Approved` of the gate can commit it. What becomes of a key is decided by
//! the pure functions of [`crate::timeline`], for a date that is delivered and for one that is taken back
//! ([`Retraction`]). What a store does stands in `transaction`, in domain types; `sqlite` says how a file, `org.db`, does
//! it, `postgres` how a server does. A [`Reader`] only reads the file.

mod ages;
mod branches;
mod claim_keeper;
mod current_rows;
mod database;
mod date_change;
mod date_list;
mod dates;
mod delivered_rows;
mod derivation;
mod derived_columns;
mod earlier_findings;
mod error;
mod feed_table;
mod headcount_change;
mod identifier;
mod keys;
mod made_by;
mod nearest_dates;
mod previous_rows;
mod publication;
mod record;
mod retraction;
mod retraction_record;
mod rows;
mod run_claim;
mod run_row;
mod snapshot;
mod stored_event;
mod stored_feed;
mod stored_key;
mod transaction;
mod tree_layout;
mod tree_levels;
mod trees;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

#[cfg(test)]
mod tests;

pub use branches::{Branch, BranchFields, Branches, Organ};
pub use claim_keeper::{ClaimKeeper, HeldClaim};
pub use database::Store;
pub use date_change::DateChange;
pub use delivered_rows::NewRows;
pub use earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, GoneFindings, LaterRule};
pub use error::StoreError;
#[cfg(feature = "postgres")]
pub use postgres::{LockedSchedule, SharedSchedules, StoredSchedule};
pub use publication::{Publication, TreeSource};
pub use record::{QuarantinedLine, RunRecord};
pub use retraction::Retraction;
pub use retraction_record::RetractionRecord;
pub use rows::FeedOutcome;
pub use run_claim::{ClaimEnd, ClaimTerms, RunClaim};
pub use run_row::{RunRow, StoredApproval, StoredReason, StoredRetraction};
pub use snapshot::SnapshotInfo;
pub use sqlite::{
    AccountIndex, AccountOwner, AgentPlace, CarriedRow, CellValue, Change, ChangedRecord,
    ColumnChange, Comparison, ComparisonScope, CopiedRecords, DATABASE, Difference,
    DocumentedColumn, DocumentedTable, FindingList, FindingQuery, FirstTrees, FirstTreesPlace,
    LastPublication, LastRun, Migration, NamedPlace, Question, Reader, RecordView, Refused,
    RosterPerson, RowDifference, RowDifferenceKind, RowSink, Standing, StatementError,
    StoredForest, TableColumn, TableDifference, TreeNode, TreeQuery, TreeView, backup, backup_name,
    fold_log, is_log_pending,
};
pub use stored_event::{StoredEvent, StoredEventKind};
