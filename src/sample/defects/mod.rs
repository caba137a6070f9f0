//! Plants known defects into a sample delivery and says exactly which.
//!
//! The rows are held in memory, changed, put in order and written; only then do they have lines. A defect
//! stands on a row of its own wherever it can, one that nothing refers to, so that it sets off its own
//! rule and no other.

mod agents;
mod offices;
mod teams;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::Serialize;

use crate::config::schema::Schema;
use crate::model::{Feed, PerFeed};

use super::company::Sink;
use super::delivery::{Charset, Delivery, FileForm};
use super::row::Row;
use super::seeded_rng::{RngStream, SeededRng};

/// Which defects to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defects {
    /// None: a clean delivery.
    None,
    /// A handful, as they really occur; the delivery is still published.
    Few,
    /// At least one for every rule that one delivery can break without being unreadable.
    All,
}

/// The form of each file.
pub(super) fn form(defects: Defects) -> fn(Feed) -> FileForm {
    match defects {
        Defects::None | Defects::Few => |_| FileForm::Plain,
        Defects::All => |feed| match feed {
            Feed::Organ => FileForm::TrailingDelimiter,
            Feed::Node => FileForm::CarriageReturn,
            Feed::Agent | Feed::Principal => FileForm::Plain,
        },
    }
}

/// A row that is to be written.
#[derive(Debug)]
struct Record {
    row: Row,
    /// What the file is sorted by: the key as it was before any defect.
    place: String,
    /// The cell that holds bytes which do not decode.
    broken: Option<usize>,
}

/// A row by feed and position in the order of planting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At(Feed, usize);

/// A finding that a correct checker makes.
#[derive(Debug)]
struct Planted {
    code: &'static str,
    feed: Feed,
    rows: Vec<usize>,
    key: Option<String>,
    field: Option<&'static str>,
    note: &'static str,
}

/// `planted.json`: an array of these, sorted by code, feed, line.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    code: &'a str,
    feed: &'a str,
    line: Option<u64>,
    lines: Vec<u64>,
    key: Option<&'a str>,
    field: Option<&'a str>,
    note: &'a str,
}

/// The delivery while defects are injected.
#[derive(Debug)]
pub(super) struct DefectInjector<'a> {
    schema: &'a Schema,
    rng: SeededRng,
    charset: Charset,
    /// The business date as text.
    today: String,
    records: PerFeed<Vec<Record>>,
    planted: Vec<Planted>,
    /// Agents that nothing refers to, at work and gone, in the order in which they are used up.
    leaves: Vec<usize>,
    gone: Vec<usize>,
    /// The feed whose file ends without a line end.
    unterminated: Option<Feed>,
    teams_added: usize,
}

impl Sink for DefectInjector<'_> {
    fn row(&mut self, feed: Feed, row: &Row) -> anyhow::Result<()> {
        self.add(feed, row.clone());
        Ok(())
    }
}

impl<'a> DefectInjector<'a> {
    /// Takes rows until [`DefectInjector::plant`].
    pub(super) fn new(schema: &'a Schema, seed: u64, charset: Charset, today: String) -> Self {
        DefectInjector {
            schema,
            rng: SeededRng::new(seed),
            charset,
            today,
            records: Default::default(),
            planted: Vec::new(),
            leaves: Vec::new(),
            gone: Vec::new(),
            unterminated: None,
            teams_added: 0,
        }
    }

    /// Plants the defects.
    ///
    /// # Errors
    /// If the company is too small for all of them.
    pub(super) fn plant(&mut self, defects: Defects) -> anyhow::Result<()> {
        self.find_leaves();
        match defects {
            Defects::None => {}
            Defects::Few => self.few_agents()?,
            Defects::All => {
                self.few_agents()?;
                self.all_agents()?;
                self.all_offices()?;
                self.all_teams()?;
                self.unterminated = Some(Feed::Principal);
                for (code, feed, note) in [
                    ("F113", Feed::Organ, "a delimiter behind the last field of every line"),
                    ("F114", Feed::Node, "lines that end in CR alone"),
                ] {
                    let rows = Vec::new();
                    self.planted.push(Planted { code, feed, rows, key: None, field: None, note });
                }
                self.planted.push(Planted {
                    code: "F108",
                    feed: Feed::Principal,
                    rows: Vec::new(),
                    key: None,
                    field: None,
                    note: "the last line has no line end",
                });
            }
        }
        Ok(())
    }

    /// Writes the files, then the list of what was planted.
    pub(super) fn write(
        mut self,
        mut delivery: Delivery<'_>,
        header_lines: u64,
        list: &Path,
    ) -> anyhow::Result<Vec<super::WrittenFile>> {
        let mut lines: PerFeed<Vec<u64>> = PerFeed::default();
        for feed in Feed::ALL {
            let records = &self.records[feed];
            // Stable: a row that was added at the place of another follows it.
            let mut order: Vec<usize> = (0..records.len()).collect();
            order.sort_by(|a, b| records[*a].place.cmp(&records[*b].place));
            let mut line_of = vec![0; records.len()];
            for (nth, record) in order.iter().enumerate() {
                line_of[*record] = header_lines + nth as u64 + 1;
                let Record { row, broken, .. } = &records[*record];
                let last = nth + 1 == order.len();
                let terminated = !(last && self.unterminated == Some(feed));
                delivery.line(feed, row, *broken, terminated)?;
            }
            if self.unterminated == Some(feed)
                && let Some(last) = order.last()
            {
                // Only now is it known which row comes last.
                let cut = self.planted.iter_mut().filter(|p| p.code == "F108");
                cut.for_each(|planted| planted.rows = vec![*last]);
            }
            lines[feed] = line_of;
        }
        let written = delivery.finish()?;
        self.write_list(&lines, list)
            .with_context(|| format!("cannot write {}", list.display()))?;
        Ok(written)
    }

    fn write_list(&mut self, lines: &PerFeed<Vec<u64>>, list: &Path) -> io::Result<()> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for planted in &self.planted {
            let mut at: Vec<u64> =
                planted.rows.iter().map(|row| lines[planted.feed][*row]).collect();
            at.sort_unstable();
            entries.push(Entry {
                code: planted.code,
                feed: planted.feed.name(),
                line: at.first().copied(),
                lines: at,
                key: planted.key.as_deref(),
                field: planted.field,
                note: planted.note,
            });
        }
        entries.sort_by(|a, b| (a.code, a.feed, a.line).cmp(&(b.code, b.feed, b.line)));
        let mut out = BufWriter::new(File::create(list)?);
        serde_json::to_writer_pretty(&mut out, &entries)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Adds a row at the place of its own key.
    fn add(&mut self, feed: Feed, row: Row) -> At {
        let place = row.get(self.schema.feed(feed).key).to_owned();
        self.add_at(feed, row, place)
    }

    fn add_at(&mut self, feed: Feed, row: Row, place: String) -> At {
        let records = &mut self.records[feed];
        records.push(Record { row, place, broken: None });
        At(feed, records.len() - 1)
    }

    fn record(&self, At(feed, position): At) -> &Record {
        &self.records[feed][position]
    }

    /// Position of a field of the contract; the built-in schema has them all.
    fn column(&self, feed: Feed, field: &str) -> anyhow::Result<usize> {
        let position = self.schema.feed(feed).position(field);
        position.with_context(|| format!("the schema of {feed} has no field {field}"))
    }

    fn cell(&self, at: At, field: &str) -> anyhow::Result<String> {
        Ok(self.record(at).row.get(self.column(at.0, field)?).to_owned())
    }

    fn key(&self, at: At) -> String {
        self.record(at).row.get(self.schema.feed(at.0).key).to_owned()
    }

    /// Overwrites cells of a row.
    fn set(&mut self, at: At, cells: &[(&str, &str)]) -> anyhow::Result<()> {
        for (field, cell) in cells {
            let column = self.column(at.0, field)?;
            let record = &mut self.records[at.0][at.1];
            record.row = record.row.edited(column, cell);
        }
        Ok(())
    }

    /// Notes a finding on one row, under the row's key.
    fn note(&mut self, code: &'static str, at: At, field: &'static str, note: &'static str) {
        let key = self.key(at);
        self.note_all(code, &[at], Some(key), Some(field), note);
    }

    /// Notes a finding.
    fn note_all(
        &mut self,
        code: &'static str,
        rows: &[At],
        key: Option<String>,
        field: Option<&'static str>,
        note: &'static str,
    ) {
        let Some(At(feed, _)) = rows.first().copied() else { return };
        let rows = rows.iter().map(|at| at.1).collect();
        self.planted.push(Planted { code, feed, rows, key, field, note });
    }

    /// The next agent at work that nothing refers to.
    fn leaf(&mut self) -> anyhow::Result<At> {
        match self.leaves.pop() {
            Some(position) => Ok(At(Feed::Agent, position)),
            None => bail!("the company is too small for all defects; take more agents"),
        }
    }

    /// The next agent who left and that nothing refers to.
    fn gone(&mut self) -> anyhow::Result<At> {
        match self.gone.pop() {
            Some(position) => Ok(At(Feed::Agent, position)),
            None => bail!("the company is too small for all defects; take more agents"),
        }
    }

    /// Finds the agents that nothing refers to and shuffles them.
    fn find_leaves(&mut self) {
        let mut named: HashSet<&str> = HashSet::new();
        let sources = [
            (Feed::Agent, "recommendByAgentId"),
            (Feed::Node, "agentId"),
            (Feed::Node, "mentoredByAgentId"),
        ];
        for (feed, field) in sources {
            let Some(column) = self.schema.feed(feed).position(field) else { continue };
            named.extend(self.records[feed].iter().map(|record| record.row.get(column)));
        }
        let agent = self.schema.feed(Feed::Agent);
        let columns = (agent.position("agentStatus"), agent.position("recommendByAgentId"));
        let (Some(status), Some(recruiter)) = columns else { return };
        let mut leaves = Vec::new();
        let mut gone = Vec::new();
        for (position, record) in self.records[Feed::Agent].iter().enumerate() {
            if named.contains(record.row.get(agent.key)) || record.row.get(recruiter).is_empty() {
                continue;
            }
            if record.row.get(status) == "1" { &mut leaves } else { &mut gone }.push(position);
        }
        let rng = self.rng;
        for list in [&mut leaves, &mut gone] {
            list.sort_by_key(|position| rng.bits(RngStream::Defect, *position as u64));
        }
        (self.leaves, self.gone) = (leaves, gone);
    }
}
