//! `org.db`: the snapshots, their history, the derived forests and the records of all runs.
//!
//! Only this module writes SQL to it. A [`Publication`] is one transaction; only an `Approved` of the gate can commit
//! it. What becomes of a key is decided by the pure functions of [`crate::timeline`], for a date that is delivered and
//! for one that is taken back ([`Retraction`]). A [`Reader`] only reads.

mod ages;
mod account_index;
mod agent_place;
mod as_of;
mod backup;
mod branches;
mod carried;
mod code_labels;
mod comparison;
mod connection;
mod current_rows;
mod database;
mod date_change;
mod date_list;
mod dates;
mod delivered_rows;
mod derivation;
mod derived_columns;
mod derived_filling;
mod derived_tables;
mod dictionary;
mod difference;
mod documentation;
mod earlier_findings;
mod episodes;
mod error;
mod event_rows;
mod feed_table;
mod event_list;
mod finding_list;
mod first_trees;
mod forest_state;
mod format;
mod identifier;
mod headcount_rows;
mod indexes;
mod keys;
mod known_keys;
mod last_run;
mod later_tables;
mod layout;
mod migration;
mod places;
mod previous_rows;
mod publication;
mod quarantined_keys;
mod reader;
mod rebuild;
mod record;
mod record_copy;
mod record_view;
mod retraction;
mod roster;
mod row_writer;
mod rows;
mod select;
mod run_list;
mod snapshot;
mod statement;
mod statement_error;
mod stored_feed;
mod stored_key;
mod table_layout;
mod team_problem;
mod tree_layout;
mod tree_levels;
mod tree_view;
mod trees;
mod version_cells;
mod views;

#[cfg(test)]
mod tests;

pub use account_index::AccountIndex;
pub use agent_place::{AccountOwner, AgentPlace, NamedPlace};
pub use as_of::StoredForest;
pub use backup::backup;
pub use branches::{Branch, BranchFields, Branches, Organ};
pub use carried::CarriedRow;
pub use comparison::{
    Comparison, ComparisonScope, RowDifference, RowDifferenceKind, TableDifference,
};
pub use connection::{DATABASE, fold_log, is_log_pending};
pub use database::Store;
pub use date_change::DateChange;
pub use delivered_rows::NewRows;
pub use difference::{Change, ChangedRecord, ColumnChange, Difference};
pub use documentation::{DocumentedColumn, DocumentedTable};
pub use earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, GoneFindings, LaterRule};
pub use error::StoreError;
pub use event_list::{StoredEvent, StoredEventKind};
pub use finding_list::{FindingList, FindingQuery, Standing};
pub use first_trees::{FirstTrees, FirstTreesPlace};
pub use last_run::{LastPublication, LastRun};
pub use migration::{Migration, backup_name};
pub use publication::{Publication, TreeSource};
pub use reader::Reader;
pub use record::{QuarantinedLine, RunRecord};
pub use record_copy::CopiedRecords;
pub use record_view::RecordView;
pub use retraction::{Retraction, RetractionRecord};
pub use roster::RosterPerson;
pub use rows::FeedOutcome;
pub use run_list::{RunRow, StoredApproval, StoredReason, StoredRetraction};
pub use snapshot::SnapshotInfo;
pub use statement::{CellValue, Question, RowSink};
pub use statement_error::{Refused, StatementError};
pub use table_layout::TableColumn;
pub use tree_view::{TreeNode, TreeQuery, TreeView};
