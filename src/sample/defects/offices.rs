//! Defects of organisations and office staff.

use anyhow::Context;

use crate::model::Feed;

use super::agents::NO_OFFICE;
use super::{At, DefectInjector};

/// The head office: the first row of its feed, as parents stand before their children.
const HEAD_OFFICE: At = At(Feed::Organ, 0);

impl DefectInjector<'_> {
    /// All defects of organisations and office staff. Organisations with ids from `8699` on are new ones,
    /// which nothing refers to.
    pub(super) fn all_offices(&mut self) -> anyhow::Result<()> {
        let row = self.office("86990101", "869901", "测试中心支公司", "4")?;
        let key = Some("869901".to_owned());
        self.note_all("X401", &[row], key, Some("parentId"), "a parent that does not exist");

        let top_name = self.cell(HEAD_OFFICE, "organName")?;
        let row = self.office("869902", "86", &top_name, "2")?;
        self.set(row, &[("leaderId", "99999999")])?;
        let key = Some("99999999".to_owned());
        self.note_all("X402", &[row], key, Some("leaderId"), "a leader whom nobody knows");

        let row = self.office("869903", "86", &top_name, "4")?;
        self.note("T604", row, "organLevel", "level 4 right below level 1");

        let cycle = [
            self.office("86990401", "86990402", "示例86990402支公司", "4")?,
            self.office("86990402", "86990401", "示例86990401支公司", "4")?,
        ];
        let (key, field) = (Some("86990401".to_owned()), Some("parentId"));
        self.note_all("T601", &cycle, key, field, "two organisations, each above the other");

        let second = self.office("87", "", "", "2")?;
        self.note("T605", second, "organLevel", "a top of level 2");
        let tops = [HEAD_OFFICE, second];
        let key = Some(self.key(tops[0]));
        self.note_all("T602", &tops, key, Some("parentId"), "two organisations without a parent");

        let row = self.office("869905", "86", &top_name, "2")?;
        self.set(row, &[("foundDate", "1999-00-00")])?;
        self.note("V203", row, "foundDate", "month 0");

        let row = self.office("869906", "86", "", "2")?;
        self.note("V201", row, "parentOrganName", "a parent without its name");

        self.staff()
    }

    fn staff(&mut self) -> anyhow::Result<()> {
        let leader = self.column(Feed::Organ, "leaderId")?;
        let key = self.schema.feed(Feed::Principal).key;
        let leads =
            |id: &str| self.records[Feed::Organ].iter().any(|organ| organ.row.get(leader) == id);
        let free: Vec<At> = self.records[Feed::Principal]
            .iter()
            .enumerate()
            .filter(|(_, record)| !leads(record.row.get(key)))
            .map(|(position, _)| At(Feed::Principal, position))
            .take(4)
            .collect();
        let [a, b, c, d] = <[At; 4]>::try_from(free)
            .ok()
            .context("the company is too small for all defects; take more agents")?;

        self.set(a, &[("organId", NO_OFFICE)])?;
        let (key, field) = (Some(NO_OFFICE.to_owned()), Some("organId"));
        self.note_all("X403", &[a], key, field, "an organisation that does not exist");

        let name = self.cell(b, "principalName")?;
        self.set(b, &[("principalName", &format!("\u{3000}{name}"))])?;
        self.note("V207", b, "principalName", "an ideographic space before the name");

        self.set(c, &[("organName", "")])?;
        self.note("V201", c, "organName", "nothing in a required cell");

        // The organisation is in quarantine, but its key is known: no finding.
        let name = self.cell(self.find(Feed::Organ, "869905")?, "organName")?;
        self.set(d, &[("organId", "869905"), ("organName", &name)])
    }

    /// Adds an organisation with a leader of its own.
    fn office(
        &mut self,
        id: &str,
        parent: &str,
        parent_name: &str,
        level: &str,
    ) -> anyhow::Result<At> {
        let row = self.record(HEAD_OFFICE).row.clone();
        let at = self.add(Feed::Organ, row);
        let name = format!("示例{id}支公司");
        self.set(
            at,
            &[
                ("id", id),
                ("organName", &name),
                ("parentId", parent),
                ("parentOrganName", parent_name),
                ("organLevel", level),
            ],
        )?;
        self.records[Feed::Organ][at.1].place = id.to_owned();
        Ok(at)
    }

    /// A lowest organisation other than the one given.
    pub(super) fn other_office(&self, id: &str) -> anyhow::Result<At> {
        let level = self.column(Feed::Organ, "organLevel")?;
        let key = self.schema.feed(Feed::Organ).key;
        let found = self.records[Feed::Organ]
            .iter()
            .position(|organ| organ.row.get(level) == "4" && organ.row.get(key) != id);
        let found = found.context("the company is too small for all defects; take more agents")?;
        Ok(At(Feed::Organ, found))
    }
}
