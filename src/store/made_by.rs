//! By what the rows of forests are made.

use xxhash_rust::xxh3::xxh3_64;

use crate::config::schema::Schema;

/// Tells forests apart that are made by other rules, or from other columns.
pub(super) fn made_by(schema: &Schema) -> String {
    let made_by = format!("{} {schema:?}", env!("CARGO_PKG_VERSION"));
    format!("{:016x}", xxh3_64(made_by.as_bytes()))
}
