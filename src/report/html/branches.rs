//! Where findings are: the two levels of organisations below the head office, each as wide as its share of the findings
//! above it.

use crate::model::{Level, OrganFindings, RunReport};
use crate::report::formatting::grouped;
use crate::report::layout::display_width;

use super::both::{Both, both};

/// An organisation in the chart, measures in percent of the width and in pixels.
pub(super) struct Cell {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: u32,
    pub(super) figure: String,
    pub(super) title: String,
    /// 0 to 4: findings in proportion to people.
    pub(super) heat: u8,
    /// As much of its name as there is room for; none where that would say nothing.
    pub(super) label: Option<String>,
}

/// An organisation in the list that narrow screens get instead.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) facts: Both,
    pub(super) width: String,
}

/// The chart and the list.
pub(super) struct Branches {
    pub(super) cells: Vec<Cell>,
    pub(super) height: u32,
    pub(super) bars: Vec<Bar>,
    /// How many findings are not in it, if any.
    pub(super) elsewhere: Option<Both>,
}

/// Height of a level with the gap below it.
const STEP: u32 = 52;

/// Organisations of one parent that are drawn apart; the rest is one cell.
const DRAWN: usize = 14;

/// Bars of the list.
const BARS: usize = 10;

/// Columns of text that one percent of the width has room for, on a window of usual width.
const COLUMNS: f64 = 1.3;

/// Columns that a label leaves free at its sides.
const MARGIN: f64 = 2.5;

impl Branches {
    /// `None` where there is nothing to show.
    pub(super) fn of(report: &RunReport) -> Option<Branches> {
        let organs = &report.organs;
        let branches = branches(organs);
        let placed: u64 = branches.iter().map(|branch| branch.findings).sum();
        if placed == 0 {
            return None;
        }
        let siblings = sorted(branches.iter());
        let mut cells = Vec::new();
        draw(organs, &siblings, placed, (0.0, 100.0), 0, &mut cells);
        let deepest = cells.iter().map(|cell| cell.y).max().unwrap_or(0);
        let most = siblings.first().map_or(1, |organ| organ.findings).max(1);
        let bars = siblings.iter().filter(|organ| organ.findings > 0).take(BARS).map(|organ| Bar {
            name: named(organ),
            facts: facts(organ),
            width: percent(organ.findings as f64 * 100.0 / most as f64),
        });
        let counted = [Level::Warning, Level::Error, Level::Fatal];
        let all: u64 = counted.into_iter().map(|level| report.count_of(level)).sum();
        let elsewhere = all.saturating_sub(placed);
        let elsewhere = (elsewhere > 0).then(|| {
            both(
                format!(
                    "另有 {} 处错误和警告不在图中：在本次文件中找不到所属机构，或未逐条保留。",
                    grouped(elsewhere)
                ),
                format!(
                    "{} more errors and warnings have no place in it: this delivery does not tell their organisation, or they are not held one by one.",
                    grouped(elsewhere)
                ),
            )
        });
        Some(Branches { bars: bars.collect(), height: deepest + STEP, cells, elsewhere })
    }
}

/// The organisations below the head offices, and each head office with what is in none of them.
fn branches(organs: &[OrganFindings]) -> Vec<OrganFindings> {
    let mut branches: Vec<OrganFindings> =
        organs.iter().filter(|organ| organ.depth == 1).cloned().collect();
    for top in organs.iter().filter(|organ| organ.parent.is_none()) {
        let below = || organs.iter().filter(|o| o.parent.as_deref() == Some(top.id.as_str()));
        let own =
            |of: fn(&OrganFindings) -> u64| of(top).saturating_sub(below().map(of).sum::<u64>());
        branches.push(OrganFindings {
            people: own(|organ| organ.people),
            findings: own(|organ| organ.findings),
            ..top.clone()
        });
    }
    branches
}

fn sorted<'o>(organs: impl Iterator<Item = &'o OrganFindings>) -> Vec<&'o OrganFindings> {
    let mut organs: Vec<&OrganFindings> = organs.collect();
    organs.sort_by(|a, b| b.findings.cmp(&a.findings).then_with(|| a.id.cmp(&b.id)));
    organs
}

/// Draws siblings between two places, and below each branch the organisations right below it.
fn draw(
    organs: &[OrganFindings],
    siblings: &[&OrganFindings],
    total: u64,
    (from, width): (f64, f64),
    level: u32,
    cells: &mut Vec<Cell>,
) {
    let share = |findings: u64| width * findings as f64 / total.max(1) as f64;
    let mut x = from;
    let with_findings: Vec<&&OrganFindings> = siblings.iter().filter(|o| o.findings > 0).collect();
    let drawn = if with_findings.len() > DRAWN { DRAWN - 1 } else { with_findings.len() };
    for organ in &with_findings[..drawn] {
        let wide = share(organ.findings);
        cells.push(Cell {
            x: percent(x),
            width: percent(wide),
            y: level * STEP,
            figure: grouped(organ.findings),
            title: format!("{}: {} / {}", named(organ), facts(organ).zh, facts(organ).en),
            heat: heat(organ),
            label: label(&organ.name, wide),
        });
        if level == 0 && organ.depth == 1 {
            let below =
                sorted(organs.iter().filter(|o| o.parent.as_deref() == Some(organ.id.as_str())));
            draw(organs, &below, organ.findings, (x, wide), level + 1, cells);
        }
        x += wide;
    }
    let rest = &with_findings[drawn..];
    if !rest.is_empty() {
        let findings: u64 = rest.iter().map(|organ| organ.findings).sum();
        let wide = share(findings);
        let number = grouped(rest.len() as u64);
        cells.push(Cell {
            x: percent(x),
            width: percent(wide),
            y: level * STEP,
            figure: grouped(findings),
            title: format!("+{number}: {}", grouped(findings)),
            heat: 1,
            label: label(&format!("+{number}"), wide),
        });
    }
}

/// The beginning of a name that fits into a part of the width, in percent.
fn label(name: &str, wide: f64) -> Option<String> {
    let room = wide * COLUMNS - MARGIN;
    if display_width(name) as f64 <= room {
        return Some(name.to_owned());
    }
    let mut short = String::new();
    for c in name.chars() {
        short.push(c);
        if display_width(&short) as f64 > room - 1.0 {
            short.pop();
            break;
        }
    }
    (short.chars().count() >= 2).then(|| format!("{short}…"))
}

fn named(organ: &OrganFindings) -> String {
    match organ.name.is_empty() {
        true => organ.id.clone(),
        false => format!("{}（{}）", organ.name, organ.id),
    }
}

fn facts(organ: &OrganFindings) -> Both {
    let (findings, people) = (grouped(organ.findings), grouped(organ.people));
    both(
        format!("{findings} 处问题，{people} 名代理人"),
        format!("{findings} findings, {people} agents"),
    )
}

/// Findings in proportion to people: none, below 1 in 100, below 5, below 20, more.
fn heat(organ: &OrganFindings) -> u8 {
    let per_hundred = organ.findings as f64 * 100.0 / organ.people.max(1) as f64;
    match per_hundred {
        n if n <= 0.0 => 0,
        n if n < 1.0 => 1,
        n if n < 5.0 => 2,
        n if n < 20.0 => 3,
        _ => 4,
    }
}

fn percent(value: f64) -> String {
    format!("{value:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organ(id: &str, parent: Option<&str>, depth: u32, findings: u64) -> OrganFindings {
        OrganFindings {
            id: id.to_owned(),
            name: format!("机构{id}"),
            parent: parent.map(str::to_owned),
            depth,
            people: 100,
            findings,
        }
    }

    fn drawn(organs: &[OrganFindings]) -> Vec<Cell> {
        let branches = branches(organs);
        let total = branches.iter().map(|branch| branch.findings).sum();
        let mut cells = Vec::new();
        draw(organs, &sorted(branches.iter()), total, (0.0, 100.0), 0, &mut cells);
        cells
    }

    #[test]
    fn branches_share_the_width_and_the_head_office_has_what_is_in_none_of_them() {
        let organs = [
            organ("86", None, 0, 100),
            organ("8601", Some("86"), 1, 20),
            organ("8602", Some("86"), 1, 70),
            organ("860201", Some("8602"), 2, 70),
            organ("8603", Some("86"), 1, 0),
        ];
        let cells = drawn(&organs);
        let drawn: Vec<(&str, &str, &str, u32)> = cells
            .iter()
            .map(|cell| {
                (cell.label.as_deref().unwrap(), cell.x.as_str(), cell.width.as_str(), cell.y)
            })
            .collect();
        assert_eq!(
            drawn,
            [
                ("机构8602", "0.000", "70.000", 0),
                ("机构860201", "0.000", "70.000", STEP),
                ("机构8601", "70.000", "20.000", 0),
                ("机构86", "90.000", "10.000", 0),
            ]
        );
    }

    #[test]
    fn labels_are_cut_to_their_room_and_left_out_where_nothing_is_left() {
        assert_eq!(label("河南分公司", 40.0).as_deref(), Some("河南分公司"));
        assert_eq!(label("河南分公司", 8.0).as_deref(), Some("河南分…"));
        assert_eq!(label("河南分公司", 3.0), None);
    }

    #[test]
    fn many_siblings_are_one_cell_at_the_end() {
        let mut organs = vec![organ("86", None, 0, 400)];
        organs.extend((10..50).map(|n| organ(&format!("86{n}"), Some("86"), 1, 10)));
        let cells = drawn(&organs);
        assert_eq!(cells.len(), DRAWN);
        assert_eq!(cells.last().unwrap().figure, "270");
    }
}
