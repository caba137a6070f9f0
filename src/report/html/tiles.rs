//! The four figures at the top of the page.

use crate::model::{AgeCounts, Feed, Finding, RunReport};
use crate::report::formatting::{difference, grouped};
use crate::report::view::View;

use super::both::{Both, both};

/// A figure with what it counts and a note.
pub(super) struct Tile {
    pub(super) title: Both,
    pub(super) figure: String,
    pub(super) note: Both,
}

/// New, persisting, mended, rows; or, where earlier deliveries are not known, findings by level and rows.
pub(super) fn tiles(view: &View<'_>) -> Vec<Tile> {
    let report = view.report;
    let mut tiles = match report.ages() {
        Some(counts) => ages(report, counts),
        None => levels(view),
    };
    tiles.push(rows(report));
    tiles
}

fn ages(report: &RunReport, AgeCounts { new, persisting, unknown }: AgeCounts) -> Vec<Tile> {
    let aged = report.findings.iter().filter_map(|finding| finding.age);
    let oldest = aged.filter(|age| !age.is_new()).map(|age| age.first_seen).min();
    let note = match unknown {
        0 => both("上一批次没有", "not in the delivery before"),
        n => both(
            format!("另有 {} 处不能确定", grouped(n)),
            format!("of {} more it is not known", grouped(n)),
        ),
    };
    let since = match oldest {
        Some(date) => both(format!("最早自 {date}"), format!("the oldest since {date}")),
        None => both("没有遗留问题", "none is left from before"),
    };
    let unsettled: u64 = report.mended_totals.unsettled.values().sum();
    let gone = match unsettled {
        0 => both("上一批次有，本次没有", "in the delivery before, not in this one"),
        n => both(
            format!("另有 {} 处本次未核对", grouped(n)),
            format!("{} more were not looked at", grouped(n)),
        ),
    };
    let mended = report.mended_totals.mended.values().sum();
    let tile = |title, figure, note| Tile { title, figure: grouped(figure), note };
    vec![
        tile(both("新出现", "New"), new, note),
        tile(both("持续", "Persisting"), persisting, since),
        tile(both("已整改", "Mended"), mended, gone),
    ]
}

fn levels(view: &View<'_>) -> Vec<Tile> {
    use crate::model::Level;
    let of = |wanted: &[Level]| -> u64 {
        view.levels.iter().filter(|(level, _)| wanted.contains(level)).map(|(_, n)| n).sum()
    };
    let codes = |wanted: &[Level]| -> u64 {
        view.rules.iter().filter(|rule| wanted.contains(&rule.level)).count() as u64
    };
    let rules = |n: u64| {
        both(format!("{n} 项规则"), format!("of {n} rule{}", if n == 1 { "" } else { "s" }))
    };
    let tile = |title: Both, levels: &[Level]| Tile {
        title,
        figure: grouped(of(levels)),
        note: rules(codes(levels)),
    };
    vec![
        tile(both("错误", "Errors"), &[Level::Fatal, Level::Error]),
        tile(both("警告", "Warnings"), &[Level::Warning]),
        tile(both("提示", "Infos"), &[Level::Info]),
    ]
}

fn rows(report: &RunReport) -> Tile {
    let rows: u64 = report.files.iter().map(|file| file.rows).sum();
    let before = report.files.iter().map(|file| file.previous_rows).sum::<Option<u64>>();
    let note = match before.filter(|_| !report.files.is_empty()) {
        Some(before) => {
            let change = difference(rows, before);
            both(format!("较上次 {change}"), format!("{change} since the last snapshot"))
        }
        None => {
            let agents = report.file(Feed::Agent).map_or(0, |file| file.rows);
            both(format!("其中代理人 {}", grouped(agents)), format!("{} agents", grouped(agents)))
        }
    };
    Tile { title: both("有效行数", "Rows accepted"), figure: grouped(rows), note }
}

/// `new`, `persisting`, or nothing where earlier deliveries are not known.
pub(super) fn age(finding: &Finding) -> Option<Both> {
    let age = finding.age?;
    Some(match age.is_new() {
        true => both("新出现", "new"),
        false => both(
            format!("自 {} 起，共 {} 个批次", age.first_seen, age.deliveries),
            format!("since {}, in {} deliveries", age.first_seen, age.deliveries),
        ),
    })
}
