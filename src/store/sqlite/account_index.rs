//! Whose an account is: an index in memory of a column of the agents, made once a snapshot when it is first asked for.
//!
//! The tables have an index of the key alone. Without this one, each question goes through all agents.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use crate::store::identifier::quoted;
use crate::store::sqlite::snapshots;

/// The index of the newest snapshot that was asked for; empty at first.
#[derive(Debug, Default)]
pub struct AccountIndex {
    newest: Mutex<Option<Arc<Accounts>>>,
}

/// What the index was made of. Everything that changes the agents is a run or a retraction.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    column: String,
    run: String,
    runs: i64,
    retractions: i64,
}

/// Twelve bytes and the key for each agent.
#[derive(Debug)]
struct Accounts {
    source: Source,
    /// Sorted by the hash.
    entries: Vec<Entry>,
    /// All keys, one behind the other.
    keys: String,
}

/// The hash of an account in lower case, and where the agent's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u32,
    start: u32,
    length: u32,
}

impl AccountIndex {
    /// The keys of the agents whose column holds the account in whatever case, and whether exactly.
    ///
    /// # Errors
    /// Any fault of the database, which has to be in a transaction.
    pub(super) fn owners(
        &self,
        conn: &Connection,
        key: &str,
        column: &str,
        account: &str,
    ) -> rusqlite::Result<Vec<(String, bool)>> {
        let accounts = self.of(conn, key, column)?;
        let sql = format!("select {} from agent where {} = ?1", quoted(column), quoted(key));
        let mut held = conn.prepare(&sql)?;
        let mut owners = Vec::new();
        for id in accounts.candidates(account) {
            let found = held
                .query_row([id], |row| {
                    let text = text(row.get_ref(0)?);
                    let fits = text.as_deref().filter(|text| text.eq_ignore_ascii_case(account));
                    Ok(fits.map(|text| text == account))
                })
                .optional()?;
            if let Some(is_exact) = found.flatten() {
                owners.push((id.to_owned(), is_exact));
            }
        }
        Ok(owners)
    }

    /// The index of what the transaction sees. Whoever comes while it is made waits for it.
    fn of(&self, conn: &Connection, key: &str, column: &str) -> rusqlite::Result<Arc<Accounts>> {
        let newest = snapshots::newest(conn, None)?;
        let counts = "select (select count(*) from run), (select count(*) from retraction)";
        let (runs, retractions) =
            conn.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let run = newest.map(|newest| newest.run.0).unwrap_or_default();
        let source = Source { column: column.to_owned(), run, runs, retractions };
        let mut kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(accounts) if accounts.source == source => Ok(Arc::clone(accounts)),
            _ => {
                // The old one first: two of them would take twice the memory.
                *kept = None;
                Ok(Arc::clone(kept.insert(Arc::new(Accounts::read(conn, key, source)?))))
            }
        }
    }
}

impl Accounts {
    fn read(conn: &Connection, key: &str, source: Source) -> rusqlite::Result<Accounts> {
        let (mut entries, mut keys) = (Vec::new(), String::new());
        let sql = format!("select {}, {} from agent", quoted(key), quoted(&source.column));
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(account) = text(row.get_ref(1)?) else { continue };
            let id = row.get_ref(0)?.as_str()?;
            // Keys of more than 4 GB are no agents'.
            let (Ok(start), Ok(length)) = (u32::try_from(keys.len()), u32::try_from(id.len()))
            else {
                continue;
            };
            keys.push_str(id);
            entries.push(Entry { hash: hash(&account), start, length });
        }
        entries.sort_unstable();
        entries.shrink_to_fit();
        keys.shrink_to_fit();
        Ok(Accounts { source, entries, keys })
    }

    /// The keys of the agents whose account has the same hash.
    fn candidates(&self, account: &str) -> impl Iterator<Item = &str> {
        let hash = hash(account);
        let from = self.entries.partition_point(|entry| entry.hash < hash);
        let equal = self.entries.iter().skip(from).take_while(move |entry| entry.hash == hash);
        equal.filter_map(|entry| {
            let start = entry.start as usize;
            self.keys.get(start..start + entry.length as usize)
        })
    }
}

/// A text or a number as text.
fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(str::to_owned),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

fn hash(account: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(account.to_ascii_lowercase().as_bytes());
    // Its lower half is as good as the whole.
    hasher.finish() as u32
}
