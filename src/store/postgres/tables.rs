//! The tables that do not depend on a job's schema, and how all tables are made: the tenant first in every key, the large
//! ones divided by it, so that a later division over several servers changes no key.

use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::postgres::session::Session;

/// The schema of the tables.
pub(super) const TABLES: &str = "orgsnap_data";

/// The schema of the views for readers, named as the tables of a file.
pub(super) const VIEWS: &str = "orgsnap";

/// The format of the tables, and the newest one that this program knows.
const FORMAT: i32 = 1;

/// How often making the tables is tried, as another process may be making them.
pub(super) const ATTEMPTS: usize = 5;

/// A text whose order is that of its bytes, as keys are ordered everywhere.
pub(super) const TEXT: &str = "text collate \"C\"";

/// A table with its columns and the rest of its key.
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    /// Columns but for the tenant, as they stand in a statement.
    pub(super) columns: &'a str,
    /// The columns of the key after the tenant.
    pub(super) key: &'a str,
    /// Whether it grows with the agents.
    pub(super) is_large: bool,
}

/// A table within a statement.
pub(super) fn table(name: &str) -> String {
    format!("{TABLES}.{}", quoted(name))
}

/// The statements that make a table that is not there.
pub(super) fn create(of: &Table<'_>, partitions: u32) -> String {
    let Table { name, columns, key, is_large } = of;
    let full = table(name);
    let divided = if *is_large { " partition by hash (tenant_id)" } else { "" };
    let mut sql = format!(
        "create table if not exists {full} (tenant_id integer not null, {columns}, \
         primary key (tenant_id, {key})){divided};\n"
    );
    for part in 0..if *is_large { partitions } else { 0 } {
        sql += &format!(
            "create table if not exists {} partition of {full} \
             for values with (modulus {partitions}, remainder {part});\n",
            table(&format!("{name}_{part}")),
        );
    }
    sql
}

const RUN_TABLES: [Table<'_>; 12] = [
    Table {
        name: "snapshot",
        columns: "business_date date not null, run text not null, agent_rows bigint not null, \
                  node_rows bigint not null, organ_rows bigint not null, principal_rows bigint not null",
        key: "business_date",
        is_large: false,
    },
    Table {
        name: "run",
        columns: "id text not null, tenant text not null, business_date date not null, \
                  started timestamptz not null, finished timestamptz not null, verdict text not null, \
                  reasons text not null, timings text not null, tool_version text not null, \
                  errors bigint not null, warnings bigint not null",
        key: "id",
        is_large: false,
    },
    Table {
        name: "source_file",
        columns: "run text not null, feed text not null, name text not null, sha256 text, \
                  size bigint not null, mtime timestamptz, encoding text, delimiter text, header boolean, \
                  lines bigint not null, rows bigint not null, quarantined bigint not null, \
                  repeated bigint not null, header_lines bigint not null, blank bigint not null, \
                  other bigint not null",
        key: "run, feed",
        is_large: false,
    },
    Table {
        name: "finding",
        columns: "run text not null, place bigint not null, code text not null, name text not null, \
                  level text not null, disposition text not null, feed text not null, line bigint, \
                  lines text not null, key text, field text, value text, message_zh text not null, \
                  message_en text not null, related text not null, affected bigint not null, \
                  first_seen date, deliveries bigint, identity bigint, person_names text",
        key: "run, place",
        is_large: true,
    },
    Table {
        name: "run_rule",
        columns: "run text not null, code text not null, findings bigint not null",
        key: "run, code",
        is_large: false,
    },
    Table {
        name: "quarantine",
        columns: "run text not null, place bigint not null, feed text not null, file text not null, \
                  line bigint not null, raw bytea not null, text text not null, rules text not null, key text",
        key: "run, place",
        is_large: true,
    },
    Table {
        name: "retraction",
        columns: "business_date date not null, run text not null, retracted timestamptz not null, \
                  retracted_by text not null, reason text not null",
        key: "business_date, run",
        is_large: false,
    },
    Table {
        name: "approval",
        columns: "run text not null, refused_run text not null, approved timestamptz not null, \
                  approved_by text not null, reason text not null, waived text not null",
        key: "run",
        is_large: false,
    },
    Table {
        name: "forest",
        columns: "name text not null, title_zh text not null, title_en text not null, feed text not null, \
                  key_column text not null, parent_column text not null, name_column text, made_by text",
        key: "name",
        is_large: false,
    },
    Table {
        name: "run_claim",
        columns: "business_date date not null, owner text not null, epoch bigint not null, \
                  lease_until timestamptz not null, state text not null",
        key: "business_date",
        is_large: false,
    },
    Table {
        name: "schedule_state",
        columns: "schedule text not null, state text not null",
        key: "schedule",
        is_large: false,
    },
    Table {
        name: "carry",
        columns: "feed text not null, id text collate \"C\" not null, carried_from date not null, \
                  carried_to date",
        key: "feed, id, carried_from",
        is_large: true,
    },
];

const QUARANTINED_KEY: Table<'_> = Table {
    name: "quarantined_key",
    columns: "feed text not null, id text collate \"C\" not null, business_date date not null",
    key: "feed, id, business_date",
    is_large: true,
};

/// The names of those tables, for the views of readers.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RUN_TABLES.iter().chain([&QUARANTINED_KEY]).map(|table| table.name)
}

/// Makes what is missing, once for all tenants.
///
/// # Errors
/// [`StoreError::ServerNewer`] before anything is written; any fault of the server.
pub(super) fn migrate(session: &mut Session) -> Result<(), StoreError> {
    for attempt in 1.. {
        match try_migrate(session) {
            // Two that make the same table at once: one of them fails, whatever "if not exists" says.
            Err(StoreError::Server { .. } | StoreError::Locked { .. }) if attempt < ATTEMPTS => {
                session.batch("rollback")?;
            }
            done => return done,
        }
    }
    Ok(())
}

fn try_migrate(session: &mut Session) -> Result<(), StoreError> {
    let known = format!("select to_regclass('{TABLES}.migration') is not null");
    if session.value::<bool>(&known, &[])? == Some(true) {
        let sql = format!("select max(version) from {TABLES}.migration");
        let found = session.value::<Option<i32>>(&sql, &[])?.flatten().unwrap_or_default();
        if found > FORMAT {
            let server = session.label().to_owned();
            return Err(StoreError::ServerNewer {
                server,
                found: found.into(),
                supported: FORMAT.into(),
            });
        }
        if found == FORMAT {
            return Ok(());
        }
    }
    let partitions = session.address().partitions;
    let tables = RUN_TABLES.iter().chain([&QUARANTINED_KEY]);
    let tables: String = tables.map(|table| create(table, partitions)).collect();
    session.batch(&format!(
        "begin;\n\
         create schema if not exists {TABLES};\n\
         create schema if not exists {VIEWS};\n\
         create table if not exists {TABLES}.migration \
         (version integer primary key, partitions integer not null, applied timestamptz not null default now());\n\
         lock table {TABLES}.migration in exclusive mode;\n\
         create table if not exists {TABLES}.tenant \
         (id integer generated always as identity primary key, slug text not null unique);\n\
         {tables}\
         create index if not exists finding_life on {TABLES}.finding (tenant_id, run, code, feed, identity);\n\
         insert into {TABLES}.migration (version, partitions) values ({FORMAT}, {partitions}) \
         on conflict do nothing;\n\
         commit;"
    ))
}

/// Into how many partitions tables are divided here.
pub(super) fn partitions(session: &mut Session) -> Result<u32, StoreError> {
    let sql = format!("select partitions from {TABLES}.migration order by version limit 1");
    let found: Option<i32> = session.value(&sql, &[])?;
    Ok(found.and_then(|n| u32::try_from(n).ok()).unwrap_or(session.address().partitions))
}
