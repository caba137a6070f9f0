//! Where in the organisation the findings are.

use crate::model::{Feed, Finding, Level, OrganFindings};

use super::places::Places;

/// Levels below a head office that are listed.
const LEVELS: u32 = 2;

/// The head offices and the organisations of two levels below them, a parent before its children.
pub(super) fn organs(places: &Places<'_, '_>, findings: &[Finding]) -> Vec<OrganFindings> {
    let tree = &places.organs;
    let Some(file) = places.file(Feed::Organ) else { return Vec::new() };
    let (mut people, mut found) = (vec![0; tree.len()], vec![0; tree.len()]);
    for row in &places.accepted[Feed::Agent].order {
        if let Some(organ) = places.organ(Feed::Agent, *row) {
            people[organ as usize] += 1;
        }
    }
    for finding in findings.iter().filter(|finding| finding.level > Level::Info) {
        let row = finding.line.and_then(|line| places.row(finding.feed, line));
        if let Some(organ) = row.and_then(|row| places.organ(finding.feed, row)) {
            found[organ as usize] += 1;
        }
    }
    let (people, found) = (tree.sums(&people), tree.sums(&found));
    // A record that repeats another has nothing below it.
    let stands = |row: &u32| {
        let key = file.key(*row);
        key.is_some_and(|key| file.find(key) == Some(*row))
    };
    let listed = tree.order().iter().filter(|row| tree.depth(**row) <= LEVELS && stands(row));
    let organ = |row: &u32| {
        let (id, name) = places.named(Feed::Organ, *row)?;
        let parent = tree.parent(*row).and_then(|row| file.key(row)).map(str::to_owned);
        let (people, findings) = (people[*row as usize], found[*row as usize]);
        Some(OrganFindings { id, name, parent, depth: tree.depth(*row), people, findings })
    };
    listed.filter_map(organ).collect()
}
