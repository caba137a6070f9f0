//! The format of `org.db`, and the steps to it from every earlier one.

use rusqlite_migration::{M, MigrationHook};

use crate::sqlite::FileFormat;
use crate::store::sqlite::quarantined_keys;

/// The application id is "orgs".
pub(super) const FORMAT: FileFormat =
    FileFormat { application_id: 0x6f72_6773, migrations: || steps(|_: &_| Ok(())) };

/// All steps; the last one needs the schema to make the tables of the feeds anew.
pub(super) fn steps(rebuild: impl MigrationHook + 'static) -> Vec<M<'static>> {
    vec![
        M::up(include_str!("migrations/0001.sql")),
        M::up(include_str!("migrations/0002.sql")),
        M::up(include_str!("migrations/0003.sql")),
        M::up(include_str!("migrations/0004.sql")),
        M::up_with_hook(include_str!("migrations/0005.sql"), quarantined_keys::fill),
        M::up(include_str!("migrations/0006.sql")),
        M::up(include_str!("migrations/0007.sql")),
        M::up(include_str!("migrations/0008.sql")),
        M::up_with_hook(include_str!("migrations/0009.sql"), rebuild),
    ]
}
