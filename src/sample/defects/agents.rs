//! Defects of agents' rows.

use anyhow::Context;

use crate::model::Feed;

use super::super::delivery::Charset;
use super::super::row::Row;
use super::{At, DefectInjector};

/// What happens to one cell.
#[derive(Debug, Clone, Copy)]
enum Edit {
    /// It is replaced.
    Set(&'static str),
    /// Something stands before it.
    Before(&'static str),
    /// Something stands after it.
    After(&'static str),
}
use Edit::{After, Before, Set};

/// A key that no agent has, ten digits as the others.
pub(super) const NOBODY: &str = "9999999999";
/// Key of no team, as long as the others.
pub(super) const NO_TEAM: &str = "86999999999999";
/// Key of no organisation.
pub(super) const NO_OFFICE: &str = "86999999";
/// A day before anybody entered.
const LONG_AGO: &str = "1996-08-22";

/// Defects of one cell that need no other cell: code, field, edit, what it looks like.
const CELLS: &[(&str, &str, Edit, &str)] = &[
    ("V201", "gender", Set(""), "nothing in a required cell"),
    ("V201", "agentName", Set("\u{3000}"), "only an ideographic space in a required cell"),
    ("V202", "agentStatus", Set("在职"), "the word in place of the number"),
    ("V202", "gender", Set("1.5"), "a number with a fraction"),
    (
        "V203",
        "recommendDate",
        Set("05/01/2024"),
        "a date whose day and month nobody can tell apart",
    ),
    ("V203", "enterCompanyDate", Set("20241301"), "a thirteenth month"),
    ("V204", "gender", Set("9"), "no such gender"),
    ("V204", "channel", Set("4"), "no such channel"),
    ("V207", "agentGradeLevel", After(" "), "a space after the value"),
    ("V207", "agentName", Before("\u{3000}"), "an ideographic space before the value"),
    ("V209", "agentName", Set("锟斤拷"), "what is left of a name decoded twice"),
    ("V211", "gender", Set("2.0"), "a whole number with a fraction of zeros"),
    ("V211", "agentStatus", Set("１"), "a full-width digit"),
    ("X409", "recommendByAgentId", Set("9999999998"), "a recruiter whom nobody knows"),
    ("X410", "recommendByNodeId", Set(NO_TEAM), "a recruiter's team that does not exist"),
    ("X411", "workingNodeId", Set(NO_TEAM), "a team that does not exist"),
    ("X412", "workingOrganId", Set(NO_OFFICE), "an organisation that does not exist"),
    ("N501", "workingNodeName", After("旧"), "the team's former name"),
    ("B704", "recommendDate", Set(LONG_AGO), "recruited long before entering"),
    ("B705", "recommendByNodeId", Set(""), "a recruiter without a team"),
];

impl DefectInjector<'_> {
    /// Defects as they really occur, few enough to be published.
    pub(super) fn few_agents(&mut self) -> anyhow::Result<()> {
        let date = self.leaf()?;
        self.set(date, &[("enterCompanyDate", "2024-02-30")])?;
        self.note("V203", date, "enterCompanyDate", "the thirtieth of February");

        self.stray_delimiter()?;

        let name = self.leaf()?;
        let column = self.column(Feed::Agent, "agentName")?;
        self.records[Feed::Agent][name.1].broken = Some(column);
        self.note("R202", name, "agentName", "bytes in the name that do not decode");

        // Two rows on one missing key are one finding.
        let orphans = [self.leaf()?, self.leaf()?];
        for orphan in orphans {
            self.set(orphan, &[("recommendByAgentId", NOBODY)])?;
        }
        let (key, field) = (Some(NOBODY.to_owned()), Some("recommendByAgentId"));
        self.note_all("X409", &orphans, key, field, "a recruiter whom nobody knows, named twice");

        self.recruit_cycle()?;

        let (row, other) = (self.leaf()?, self.leaf()?);
        let (copy, place) = (self.record(row).row.clone(), self.key(other));
        let copy = self.add_at(Feed::Agent, copy, place);
        let key = Some(self.key(row));
        self.note_all("K302", &[row, copy], key, None, "the same record once more, far away");

        for _ in 0..2 {
            let row = self.leaf()?;
            let name = self.cell(row, "agentName")?;
            self.set(row, &[("agentName", &format!("{name}  "))])?;
            self.note("V207", row, "agentName", "two spaces after the name");
        }
        Ok(())
    }

    /// A delimiter within a name makes one field more.
    fn stray_delimiter(&mut self) -> anyhow::Result<()> {
        let row = self.leaf()?;
        let column = self.column(Feed::Agent, "agentName")?;
        let record = &mut self.records[Feed::Agent][row.1];
        let mut longer = Row::default();
        for (i, cell) in record.row.cells().enumerate() {
            let middle = cell.chars().next().map_or(0, char::len_utf8);
            if i == column {
                longer.text(&cell[..middle]);
                longer.text(&cell[middle..]);
            } else {
                longer.text(cell);
            }
        }
        record.row = longer;
        self.note_all("R201", &[row], None, None, "a delimiter within the name: one field more");
        Ok(())
    }

    /// Three agents who recruited one another.
    fn recruit_cycle(&mut self) -> anyhow::Result<()> {
        let mut members = [self.leaf()?, self.leaf()?, self.leaf()?];
        members.sort_by_key(|at| at.1);
        // Of one day, or one of them would have entered before the recruiter.
        let entered = self.cell(members[0], "enterCompanyDate")?;
        for (i, member) in members.iter().enumerate() {
            let recruiter = self.key(members[(i + 1) % members.len()]);
            let dates = [("recommendDate", &*entered), ("enterCompanyDate", &*entered)];
            self.set(*member, &dates)?;
            self.set(*member, &[("recommendByAgentId", &recruiter)])?;
        }
        let (key, field) = (Some(self.key(members[0])), Some("recommendByAgentId"));
        self.note_all("T601", &members, key, field, "three agents who recruited one another");
        Ok(())
    }

    /// All other defects of agents' rows.
    pub(super) fn all_agents(&mut self) -> anyhow::Result<()> {
        for (code, field, edit, note) in CELLS {
            let row = self.leaf()?;
            let old = self.cell(row, field)?;
            let new = match edit {
                Set(new) => (*new).to_owned(),
                Before(more) => format!("{more}{old}"),
                After(more) => format!("{old}{more}"),
            };
            self.set(row, &[(field, &new)])?;
            if code.starts_with('X') {
                self.note_all(code, &[row], Some(new), Some(field), note);
            } else {
                self.note(code, row, field, note);
            }
        }
        self.bad_lines()?;
        self.bad_keys()?;
        self.bad_relations()?;
        self.bad_dates()
    }

    fn bad_lines(&mut self) -> anyhow::Result<()> {
        let row = self.leaf()?;
        let record = &mut self.records[Feed::Agent][row.1];
        let mut shorter = Row::default();
        let keep = record.row.len() - 4;
        record.row.cells().take(keep).for_each(|cell| shorter.text(cell));
        record.row = shorter;
        self.note_all("R201", &[row], None, None, "the last four fields are missing");

        // Over 64 KiB in every encoding, as no character takes less than a byte.
        let row = self.leaf()?;
        self.set(row, &[("agentName", &"长".repeat(70_000))])?;
        let key = Some(self.key(row));
        self.note_all("R203", &[row], key, None, "a line of more than 64 KiB");

        let row = self.leaf()?;
        self.set(row, &[("agentName", &"长".repeat(201))])?;
        self.note("V210", row, "agentName", "a name of 201 characters");

        if self.charset != Charset::Gbk {
            let row = self.leaf()?;
            let name = self.cell(row, "agentName")?;
            self.set(row, &[("agentName", &format!("{name}\u{200b}"))])?;
            self.note("V208", row, "agentName", "a zero-width space after the name");
        }
        Ok(())
    }

    fn bad_keys(&mut self) -> anyhow::Result<()> {
        let row = self.leaf()?;
        self.set(row, &[("id", "")])?;
        self.note_all("K301", &[row], None, Some("id"), "no key");

        let (row, other) = (self.leaf()?, self.leaf()?);
        let changed = self.record(row).row.edited(self.column(Feed::Agent, "agentName")?, "王芳芳");
        let place = self.key(other);
        let copy = self.add_at(Feed::Agent, changed, place);
        let key = Some(self.key(row));
        self.note_all("K303", &[row, copy], key, None, "the same key with another name");

        // Full-width digits: another key to a computer, the same to a reader.
        let row = self.leaf()?;
        let (key, mut twin) = (self.key(row), self.record(row).row.clone());
        let wide: String =
            key.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c)).collect();
        twin = twin.edited(self.column(Feed::Agent, "id")?, &wide);
        let twin = self.add(Feed::Agent, twin);
        let note = "the same key in full-width digits";
        self.note_all("K304", &[row, twin], Some(key), Some("id"), note);
        Ok(())
    }

    fn bad_relations(&mut self) -> anyhow::Result<()> {
        let row = self.leaf()?;
        let own = self.key(row);
        self.set(row, &[("recommendByAgentId", &own)])?;
        self.note("T601", row, "recommendByAgentId", "an agent who recruited himself");

        // The row is quarantined, its key is known all the same: who names it dangles not.
        let recruiter = self.recruiter()?;
        self.set(recruiter, &[("gender", "0")])?;
        self.note("V204", recruiter, "gender", "no such gender, on somebody who recruited others");

        let row = self.leaf()?;
        let node = self.cell(row, "workingNodeId")?;
        let team = self.find(Feed::Node, &node)?;
        let parent = self.cell(team, "parentNodeId")?;
        let name = self.cell(team, "parentNodeName")?;
        self.set(row, &[("workingNodeId", &parent), ("workingNodeName", &name)])?;
        self.note("B708", row, "workingNodeId", "works in a department, not in a team");

        let row = self.leaf()?;
        let office = self.other_office(&self.cell(row, "workingOrganId")?)?;
        let name = self.cell(office, "organName")?;
        self.set(row, &[("workingOrganId", &self.key(office)), ("workingOrganName", &name)])?;
        self.note("B709", row, "workingOrganId", "another organisation than the team's");

        let row = self.leaf()?;
        let other = if self.cell(row, "channel")? == "1" { "2" } else { "1" };
        self.set(row, &[("channel", other)])?;
        self.note("B714", row, "channel", "another channel than the team's");
        Ok(())
    }

    fn bad_dates(&mut self) -> anyhow::Result<()> {
        let row = self.leaf()?;
        let compact = self.cell(row, "enterCompanyDate")?.replace('-', "");
        self.set(row, &[("enterCompanyDate", &compact)])?;
        self.note("V205", row, "enterCompanyDate", "a date without hyphens");

        let row = self.leaf()?;
        let today = self.today.clone();
        self.set(row, &[("leaveCompanyDate", &today)])?;
        self.note("B702", row, "leaveCompanyDate", "at work, with a day of leaving");

        let row = self.leaf()?;
        self.set(row, &[("recommendDate", LONG_AGO), ("enterCompanyDate", LONG_AGO)])?;
        self.note("B707", row, "enterCompanyDate", "entered before the recruiter");

        let left = [
            ("B701", "", "gone, without a day of leaving"),
            ("B703", LONG_AGO, "left before entering"),
            ("V206", "2099-12-31", "a day of leaving far in the future"),
        ];
        for (code, date, note) in left {
            let row = self.gone()?;
            self.set(row, &[("leaveCompanyDate", date)])?;
            self.note(code, row, "leaveCompanyDate", note);
        }
        Ok(())
    }

    /// An agent who recruited others and leads nothing.
    fn recruiter(&self) -> anyhow::Result<At> {
        let (by, status) = (
            self.column(Feed::Agent, "recommendByAgentId")?,
            self.column(Feed::Agent, "agentStatus")?,
        );
        let leader = self.column(Feed::Node, "agentId")?;
        let mentor = self.column(Feed::Node, "mentoredByAgentId")?;
        let nodes = &self.records[Feed::Node];
        let agents = &self.records[Feed::Agent];
        // From the back, where the companies' latest teams are, it takes only a few tries.
        for record in agents.iter().rev().filter(|record| record.row.get(status) == "1") {
            let key = record.row.get(by);
            let leads = |column: usize| nodes.iter().any(|node| node.row.get(column) == key);
            if !key.is_empty() && !leads(leader) && !leads(mentor) {
                let at = self.find(Feed::Agent, key)?;
                let own = &self.record(at).row;
                // Untouched, or one defect would hide another.
                if own.get(status) == "1" && !self.planted.iter().any(|p| p.rows.contains(&at.1)) {
                    return Ok(at);
                }
            }
        }
        anyhow::bail!("the company is too small for all defects; take more agents")
    }

    /// The row of a key.
    pub(super) fn find(&self, feed: Feed, key: &str) -> anyhow::Result<At> {
        let column = self.schema.feed(feed).key;
        let records = &self.records[feed];
        let found = records.iter().position(|record| record.row.get(column) == key);
        Ok(At(feed, found.with_context(|| format!("no {feed} has the key {key}"))?))
    }
}
