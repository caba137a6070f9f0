//! `member_identity`: which member an id means, at any time.
//!
//! Ids change by renames, any number of times, and an id that was given up may be given to somebody else. What is told
//! of a member by other objects (tags, customers) names one of its ids at some time; it belongs to the id that the
//! member has now. An id without a rename has no row: it means itself.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension};

use super::entries::Entry;
use super::step::Meaning;

/// From `since` on, `user_id` means the member whose id now is `current_user_id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Period {
    user_id: String,
    since: String,
    current_user_id: String,
}

/// The id that the member has now whom `user_id` meant at that time.
pub(super) fn current(conn: &Connection, user_id: &str, at: &str) -> rusqlite::Result<String> {
    let found: Option<String> = conn
        .prepare_cached(
            "select current_user_id from member_identity where user_id = ?1 and since <= ?2 \
             order by since desc limit 1",
        )?
        .query_row([user_id, at], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_else(|| user_id.to_owned()))
}

/// Replaces the rows of these ids; tells whether that changed anything.
pub(super) fn replace(
    conn: &Connection,
    ids: &BTreeSet<String>,
    periods: &[Period],
) -> rusqlite::Result<bool> {
    let mut before = Vec::new();
    let mut select = conn.prepare_cached(
        "select user_id, since, current_user_id from member_identity where user_id = ?1 order by since",
    )?;
    for id in ids {
        let rows = select.query_map([id], |row| {
            Ok(Period { user_id: row.get(0)?, since: row.get(1)?, current_user_id: row.get(2)? })
        })?;
        before.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    if before == periods {
        return Ok(false);
    }
    let mut delete = conn.prepare_cached("delete from member_identity where user_id = ?1")?;
    for id in ids {
        delete.execute([id])?;
    }
    let mut insert = conn.prepare_cached(
        "insert into member_identity (user_id, since, current_user_id) values (?1, ?2, ?3)",
    )?;
    for period in periods {
        insert.execute([&period.user_id, &period.since, &period.current_user_id])?;
    }
    Ok(true)
}

/// A member while its events are walked through.
struct Person {
    id: String,
    deleted: bool,
    /// The person that turned out to be the same.
    same_as: Option<usize>,
}

/// The persons who have had any of some ids, and who meant whom since when.
struct Persons {
    persons: Vec<Person>,
    /// By id, in the order of time.
    meant: BTreeMap<String, Vec<(String, usize)>>,
}

impl Persons {
    fn root(&self, person: usize) -> usize {
        let mut at = person;
        while let Some(next) = self.persons[at].same_as {
            at = next;
        }
        at
    }

    /// The person whom an id means at last: who has it, or who gave it up.
    fn of(&self, id: &str) -> Option<usize> {
        let (_, person) = self.meant.get(id)?.last()?;
        Some(self.root(*person))
    }

    fn add(&mut self, id: &str, since: &str) -> usize {
        self.persons.push(Person { id: id.to_owned(), deleted: false, same_as: None });
        let person = self.persons.len() - 1;
        self.mean(id, since, person);
        person
    }

    fn mean(&mut self, id: &str, since: &str, person: usize) {
        self.meant.entry(id.to_owned()).or_default().push((since.to_owned(), person));
    }

    fn rename(&mut self, person: usize, new: &str, at: &str) {
        self.persons[person].deleted = false;
        if self.persons[person].id == new {
            return;
        }
        match self.of(new) {
            // What is told of the new id before the rename is told of the same person, unless it was somebody else's.
            Some(other)
                if other != person
                    && self.persons[other].id == new
                    && !self.persons[other].deleted =>
            {
                self.persons[other].same_as = Some(person);
            }
            _ => self.mean(new, at, person),
        }
        self.persons[person].id = new.to_owned();
    }
}

/// Whom the ids mean, by all events of members with these ids, in their order.
pub(super) fn periods(ids: &BTreeSet<String>, entries: &[Entry]) -> Vec<Period> {
    if ids.len() < 2 {
        return Vec::new();
    }
    let mut persons = Persons { persons: Vec::new(), meant: BTreeMap::new() };
    for id in ids {
        persons.add(id, "");
    }
    for entry in entries {
        let Some(person) = persons.of(&entry.object_id) else { continue };
        match (entry.meaning, &entry.new_user_id) {
            (Meaning::Begins, _) if persons.persons[person].id != entry.object_id => {
                persons.add(&entry.object_id, &entry.at);
            }
            (Meaning::Renames, Some(new)) => persons.rename(person, new, &entry.at),
            (meaning, _) => persons.persons[person].deleted = meaning == Meaning::Ends,
        }
    }
    let mut periods: Vec<Period> = Vec::new();
    for (id, meant) in &persons.meant {
        let mut now = id;
        for (since, person) in meant {
            let current = &persons.persons[persons.root(*person)].id;
            if current != now {
                periods.retain(|period| (&period.user_id, &period.since) != (id, since));
                periods.push(Period {
                    user_id: id.clone(),
                    since: since.clone(),
                    current_user_id: current.clone(),
                });
            }
            now = current;
        }
    }
    periods
}
