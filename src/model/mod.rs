//! Plain types that every stage speaks: feeds, tables with line numbers, findings, runs.
//!
//! Nothing here does I/O, and nothing here derives `Serialize`: the edges own their documents.

mod approval;
mod cancel;
mod cause;
mod delivered_files;
mod explanation;
mod feed;
mod packing;
mod per_feed;
mod previous;
mod row_counter;
mod stored_rows;
mod finding;
mod finding_identity;
mod json_fault;
mod listed_finding;
mod migration_step;
mod language;
mod person_name;
mod run;
mod run_id;
mod system_fault;
mod table;
mod tree;

pub use approval::{Approval, GateReason};
pub use cancel::Cancel;
pub use cause::{Cause, CauseKind, OrganFindings};
pub use delivered_files::{DeliveredFiles, FieldNote};
pub use explanation::{
    ArchiveState, ColumnValue, DeliveryTrace, Explanation, LineFate, RecordState, RecordVersion,
    TraceRole, TracedField, TracedFile, TracedLine, TreeEnd, TreePlace, TreeStep, ValueChange,
};
pub use feed::Feed;
pub use finding::{
    Disposition, Example, Excerpt, Finding, FindingAge, Group, Level, Message, Related, RuleMeta,
};
pub use finding_identity::FindingIdentity;
pub use json_fault::json_reason;
pub use language::{Language, grouped};
pub use listed_finding::ListedFinding;
pub use migration_step::MigrationStep;
pub use packing::{is_gzip, is_zip};
pub use per_feed::PerFeed;
pub use person_name::may_be_name;
pub use previous::Previous;
pub use row_counter::RowCounter;
pub use run::{
    AgeCounts, FeedChanges, FileFacts, FormerDelivery, FormerFeed, MendedFinding, MendedTotals,
    NotRun, NotRunWhy, RecentRun, RecordedFile, RecordedFiles, ReportFiles, RunReport, StageTiming,
    VanishedRecord, Verdict,
};
pub use run_id::RunId;
pub use stored_rows::StoredRows;
pub use system_fault::system_reason;
pub use table::{Column, Table};
pub use tree::{TreeRows, TreeSums};
