//! The lake: published snapshots as Parquet files that Spark, DuckDB, ClickHouse and others read, over all tenants.
//!
//! Data files are written once under names of their own and never changed. What makes a date visible is its publication, a
//! small JSON object that can only be created ([`Publication`]): it names the files, their sums and counts, and, for a
//! delta, the publication that it continues. A corrected, back-dated or retracted date becomes a further revision; a reader
//! takes the highest revision of a date and follows it to the full copy that it began with, so that it sees one state
//! whatever is written meanwhile. An export that is killed leaves files that no publication names.

#[cfg(feature = "lake-s3")]
mod bucket;
mod difference;
mod error;
mod export;
mod folder;
mod history;
mod keyed_row;
mod opened;
mod place;
mod plan;
mod publication;
mod publication_rows;
mod reading;
mod row_hash;
mod storage;
mod table_file;
mod tables;
mod unfinished;
mod verify;

#[cfg(feature = "lake-s3")]
pub use bucket::BucketAccess;
pub use difference::Difference;
pub use error::LakeError;
pub use export::{ExportedDate, Outcome, export};
pub use opened::{Lake, Tenant};
pub use publication::{Form, Publication, SCHEMA};
pub use verify::{Verified, verify};
