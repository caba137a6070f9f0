//! The places of a record in the trees of a published date, by names up to the top.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};

use crate::config::schema::Schema;
use crate::model::{Feed, Message, TreeEnd, TreePlace, TreeStep};
use crate::store::dates::iso;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout::key_column;

/// Recruitment lines can be a million long; nobody reads more than this.
const MOST_STEPS: usize = 10_000;

/// A forest as the database knows it.
struct Forest {
    name: String,
    title: Message,
    feed: Feed,
    key: String,
    parent: String,
    label: Option<String>,
}

/// The places of a record that the date has: in the trees of its own feed, and in those of organisations and teams to which
/// its columns lead.
pub(super) fn of(
    conn: &Connection,
    schema: &Schema,
    (feed, id): (Feed, &str),
    date: NaiveDate,
) -> rusqlite::Result<Vec<TreePlace>> {
    let forests = forests(conn)?;
    let mut places = Vec::new();
    for forest in forests.iter().filter(|forest| forest.feed == feed) {
        let (mut above, end) = Way { conn, forest, date }.up(id)?;
        // The record itself comes first.
        above.drain(..above.len().min(1));
        let (name, title) = (forest.name.clone(), forest.title.clone());
        places.push(TreePlace { forest: name, title, by: None, above, end });
    }
    let Some(own) = key_column(conn, feed)? else { return Ok(places) };
    let is_parent = |field: &str| {
        schema.forests.iter().any(|forest| forest.feed == feed && forest.parent == field)
    };
    for reference in schema.references.iter().filter(|r| r.feed == feed && !is_parent(&r.field)) {
        let levelled = schema.forests.iter().find(|f| f.feed == reference.target && f.has_levels());
        let forest = levelled.and_then(|wanted| forests.iter().find(|f| f.name == wanted.name));
        let field = schema.feed(feed).fields.iter().find(|field| field.name == reference.field);
        let (Some(forest), Some(field)) = (forest, field) else { continue };
        let Some(target) = cell(conn, feed, (&own, id), &field.column, date)? else { continue };
        let (above, end) = Way { conn, forest, date }.up(&target)?;
        places.push(TreePlace {
            forest: forest.name.clone(),
            title: forest.title.clone(),
            by: Some((field.column.clone(), field.title.clone())),
            above,
            end,
        });
    }
    Ok(places)
}

fn forests(conn: &Connection) -> rusqlite::Result<Vec<Forest>> {
    let mut statement = conn.prepare(
        "select name, title_zh, title_en, feed, key_column, parent_column, name_column from forest order by name",
    )?;
    let mut rows = statement.query([])?;
    let mut forests = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(feed) = Feed::from_name(row.get_ref(3)?.as_str()?) else { continue };
        forests.push(Forest {
            name: row.get(0)?,
            title: Message::new(row.get::<_, String>(1)?, row.get::<_, String>(2)?),
            feed,
            key: row.get(4)?,
            parent: row.get(5)?,
            label: row.get(6)?,
        });
    }
    Ok(forests)
}

/// A cell of a record on a date.
fn cell(
    conn: &Connection,
    feed: Feed,
    (key, id): (&str, &str),
    column: &str,
    date: NaiveDate,
) -> rusqlite::Result<Option<String>> {
    let sql = format!(
        "select {} from {feed}_version where {} = ?1 and valid_from <= ?2 and (valid_to is null or ?2 < valid_to)",
        quoted(column),
        quoted(key)
    );
    conn.prepare_cached(&sql)?
        .query_row(params![id, iso(date)], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// The way up a forest on a date.
struct Way<'a> {
    conn: &'a Connection,
    forest: &'a Forest,
    date: NaiveDate,
}

impl Way<'_> {
    /// The record and those above it.
    fn up(&self, id: &str) -> rusqlite::Result<(Vec<TreeStep>, TreeEnd)> {
        let (mut steps, mut seen) = (Vec::new(), BTreeSet::new());
        let mut at = id.to_owned();
        loop {
            let Some((name, parent)) = self.record(&at)? else {
                return Ok((steps, TreeEnd::UnknownParent(at)));
            };
            if !seen.insert(at.clone()) {
                // The tree begins anew at each record of a cycle: the first that was met is a top.
                let first = steps.iter().position(|step: &TreeStep| step.id == at).unwrap_or(0);
                steps.truncate(first + 1);
                return Ok((steps, TreeEnd::Cycle));
            }
            if steps.len() >= MOST_STEPS {
                return Ok((steps, TreeEnd::Cut));
            }
            steps.push(TreeStep { id: at, name });
            match parent {
                Some(parent) => at = parent,
                None => return Ok((steps, TreeEnd::Top)),
            }
        }
    }

    /// The name and the parent of a record; `None` if the date does not have it.
    fn record(&self, id: &str) -> rusqlite::Result<Option<(Option<String>, Option<String>)>> {
        let Forest { feed, key, parent, label, .. } = self.forest;
        let shown = label.as_ref().map_or_else(|| "null".to_owned(), |label| quoted(label));
        let sql = format!(
            "select {shown}, {} from {feed}_version \
             where {} = ?1 and valid_from <= ?2 and (valid_to is null or ?2 < valid_to)",
            quoted(parent),
            quoted(key)
        );
        self.conn
            .prepare_cached(&sql)?
            .query_row(params![id, iso(self.date)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }
}
