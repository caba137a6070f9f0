//! The page: what stands on it, in the order in which people ask.

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::model::{Cause, FileFacts, GateReason, Language, Level, RuleMeta, RunReport, Verdict};
use crate::report::formatting::{self, count, grouped};
use crate::report::layout::visible;
use crate::report::mask::Names;
use crate::report::view::View;

use super::both::{Both, both};
use super::branches::Branches;
use super::listing::Listing;
use super::options::{MAX_LISTED, Options};
use super::policy::{SCRIPT, STYLE, policy};
use super::recent::{GROUND, Recent};
use super::rule_section::RuleSection;
use super::tiles::{Tile, tiles};

/// Reasons that are shown at once, unless more limits are broken; of a telephone the first screen is short.
const REASONS: usize = 3;

/// Causes that are shown at once; the others are folded away.
const CAUSES: usize = 5;

/// Records shown of a list that is not the point of the page.
const RECORDS: usize = 20;

/// The page of a run.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'a> {
    lang: &'static str,
    policy: String,
    style: &'static str,
    script: &'static str,
    title: Both,
    tenant: String,
    date: String,
    run: &'a str,
    verdict: &'static str,
    verdict_text: Both,
    reasons: Vec<Both>,
    more_reasons: Vec<Both>,
    more_reasons_title: Both,
    served: Both,
    advice: Option<Both>,
    tiles: Vec<Tile>,
    totals: Both,
    causes: Vec<CauseCard>,
    more_causes: Vec<CauseCard>,
    more_causes_title: Both,
    branches: Option<Branches>,
    recent: Option<Recent>,
    ground: u32,
    rules: Vec<RuleSection>,
    listed: Option<Both>,
    listing: Listing<'a>,
    files: Vec<FileSection>,
    not_run: Vec<(Both, Vec<&'static str>)>,
    rules_run: Vec<&'static str>,
    change_headings: Vec<Both>,
    changes: Vec<Vec<Both>>,
    vanished: Vec<(Both, Vec<String>)>,
    mended: Vec<MendedRow>,
    mended_shown: Both,
    stages: Vec<[Both; 4]>,
    started: String,
    tool: String,
    masked: bool,
}

/// A cause.
struct CauseCard {
    number: usize,
    what: Both,
    action: Both,
    scope: Both,
    place: String,
    codes: Vec<&'static str>,
}

/// A delivered file.
struct FileSection {
    cells: [String; 7],
    facts: Vec<(Both, Both)>,
}

/// A finding of the delivery before that is gone.
struct MendedRow {
    code: String,
    place: String,
    key: String,
    field: String,
    summary: Both,
    since: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        report: &'a RunReport,
        catalogue: &[&'a RuleMeta],
        options: &Options,
    ) -> Page<'a> {
        let view = View::new(report, catalogue);
        let meta = |code: &str| catalogue.iter().find(|meta| meta.code == code).copied();
        let listing = Listing::new(report, options.names, MAX_LISTED);
        let shown = options.names.causes(report);
        // What is only worth knowing is not what to look at first.
        let (first, mut later): (Vec<(usize, &Cause)>, Vec<(usize, &Cause)>) =
            shown.iter().enumerate().partition(|(_, cause)| cause.level > Level::Info);
        later.splice(0..0, first.iter().skip(CAUSES).copied());
        let cards = |causes: &[(usize, &Cause)]| -> Vec<CauseCard> {
            causes.iter().map(|(number, cause)| CauseCard::of(report, *number, cause)).collect()
        };
        let causes = cards(&first[..first.len().min(CAUSES)]);
        let (reasons, more_reasons) = reasons(&report.noted_reasons());
        let more_causes = cards(&later);
        let [zh, en] = [Language::Chinese, Language::English];
        let (headings_zh, headings_en) = (view.change_headings(zh), view.change_headings(en));
        let (rows_zh, rows_en) = (view.change_rows(zh), view.change_rows(en));
        let mended = report.mended.as_deref().unwrap_or_default();
        let shown_mended = mended.len().min(RECORDS) as u64;
        let all_mended: u64 = report.mended_totals.mended.values().sum();
        Page {
            lang: options.language.choose("zh-CN", "en"),
            policy: policy(),
            style: STYLE,
            script: SCRIPT,
            title: both("数据校验报告", "Delivery report"),
            tenant: who(report),
            date: report.business_date.to_string(),
            run: &report.run.0,
            verdict: match report.verdict {
                Verdict::Passed if view.has_errors() => "doubtful",
                verdict => verdict.name(),
            },
            verdict_text: Both::of(|language| {
                let verdict = view.verdict(language, u8::from(view.has_errors()));
                let subject = view.verdict_subject(language, 0);
                format!("{verdict}{}{subject}", language.choose("：", ": "))
            }),
            more_reasons_title: both(
                format!("其余 {} 条理由", more_reasons.len()),
                format!("{} more reasons", more_reasons.len()),
            ),
            reasons,
            more_reasons,
            served: served(report),
            advice: view
                .advice(Language::Chinese)
                .map(|_| Both::of(|language| view.advice(language).unwrap_or_default().to_owned())),
            tiles: tiles(&view),
            totals: Both::of(|language| view.totals(language)),
            causes,
            more_causes_title: both(
                format!("其余 {} 项原因", more_causes.len()),
                format!("{} more", more_causes.len()),
            ),
            more_causes,
            branches: Branches::of(report),
            recent: Recent::of(&view),
            ground: GROUND,
            rules: view
                .rules
                .iter()
                .map(|rule| RuleSection::of(report, rule, meta(rule.code), options))
                .collect(),
            listed: listed(report, &listing),
            listing,
            files: view
                .files
                .iter()
                .map(|row| FileSection {
                    cells: view.file_row(row),
                    facts: facts(row.facts, report.timezone),
                })
                .collect(),
            not_run: view
                .not_run
                .iter()
                .map(|(why, codes)| {
                    (Both::of(|language| formatting::why_not_run(language, *why)), codes.clone())
                })
                .collect(),
            rules_run: report.rules_run.clone(),
            change_headings: pairs(headings_zh, headings_en),
            changes: rows_zh.into_iter().zip(rows_en).map(|(zh, en)| pairs(zh, en)).collect(),
            vanished: view
                .vanished()
                .iter()
                .map(|of| {
                    let places: Vec<String> = of.places().take(RECORDS).collect();
                    (Both::of(|language| of.title(language)), places)
                })
                .collect(),
            mended: mended
                .iter()
                .take(RECORDS)
                .map(|gone| {
                    let file =
                        report.file(gone.feed).map_or(gone.feed.name(), |file| file.name.as_str());
                    MendedRow {
                        code: gone.code.clone(),
                        place: match gone.line {
                            Some(line) => format!("{}:{line}", visible(file)),
                            None => visible(file).into_owned(),
                        },
                        key: visible(&options.names.key(gone.key.as_deref().unwrap_or_default()))
                            .into_owned(),
                        field: gone.field.clone().unwrap_or_default(),
                        // The message of an earlier delivery does not say which of its words are names.
                        summary: meta(&gone.code)
                            .map_or(both("", ""), |meta| Both::message(&meta.summary)),
                        since: gone.first_seen.to_string(),
                    }
                })
                .collect(),
            mended_shown: both(
                format!("列出 {} 处，共 {} 处", grouped(shown_mended), grouped(all_mended)),
                format!("{} of {} shown", grouped(shown_mended), grouped(all_mended)),
            ),
            stages: view
                .stages
                .iter()
                .map(|stage| {
                    let [zh, en] = [Language::Chinese, Language::English]
                        .map(|language| view.stage_row(stage, language));
                    let mut cells = zh.into_iter().zip(en).map(|(zh, en)| both(zh, en));
                    std::array::from_fn(|_| cells.next().unwrap_or(both("", "")))
                })
                .collect(),
            started: instant(report.started, report.timezone),
            tool: format!("orgsnap {}", env!("CARGO_PKG_VERSION")),
            masked: options.names == Names::Masked,
        }
    }
}

impl CauseCard {
    fn of(report: &RunReport, number: usize, cause: &Cause) -> CauseCard {
        let file = report.file(cause.feed).map_or(cause.feed.name(), |file| file.name.as_str());
        let mut place = visible(file).into_owned();
        if let Some(line) = cause.line {
            place.push_str(&format!(":{line}"));
        }
        if let Some(key) = &cause.key {
            place.push_str(&format!("  {}", visible(key)));
        }
        CauseCard {
            number,
            what: Both::message(&cause.what),
            action: Both::message(&cause.action),
            scope: Both::of(|language| {
                count(language, cause.findings, "处问题", "finding", "findings")
            }),
            place,
            codes: cause.codes.clone(),
        }
    }
}

/// The reasons that are shown at once, and the others. The first reason of each limit is always among the former.
fn reasons(reasons: &[GateReason]) -> (Vec<Both>, Vec<Both>) {
    let repeats = |at: usize| reasons[..at].iter().any(|other| other.limit == reasons[at].limit);
    let (firsts, others): (Vec<usize>, Vec<usize>) =
        (0..reasons.len()).partition(|at| !repeats(*at));
    let room = REASONS.saturating_sub(firsts.len());
    let folded = &others[others.len().min(room)..];
    let texts = |wanted: bool| {
        let of = (0..reasons.len()).filter(|at| folded.contains(at) != wanted);
        of.map(|at| Both::message(&reasons[at].message)).collect()
    };
    (texts(true), texts(false))
}

fn pairs<const N: usize, T: Into<String>>(zh: [T; N], en: [T; N]) -> Vec<Both> {
    zh.into_iter().zip(en).map(|(zh, en)| both(zh, en)).collect()
}

/// Empty where it is not known.
fn who(report: &RunReport) -> String {
    match report.provider() {
        Some((id, Some(name))) => format!("{} ({id})", visible(name)),
        Some((id, None)) => id.to_owned(),
        None => String::new(),
    }
}

/// Which snapshot is in use after the run.
fn served(report: &RunReport) -> Both {
    match (report.verdict, report.date_in_use()) {
        (Verdict::Published, Some(date)) => {
            both(format!("当前快照为 {date}"), format!("the snapshot in use is that of {date}"))
        }
        (_, Some(date)) if report.database.is_some() => both(
            format!("当前快照仍为 {date}"),
            format!("the snapshot in use is still that of {date}"),
        ),
        (_, None) if report.database.is_some() => {
            both("尚未发布任何快照", "there is no snapshot yet")
        }
        _ => both("仅校验，未写入数据库", "a check alone: nothing was published"),
    }
}

/// How many findings the list has, where it has not all of them.
fn listed(report: &RunReport, listing: &Listing<'_>) -> Option<Both> {
    let total: u64 = report.totals.values().sum();
    let listed = listing.len();
    (listed < total).then(|| {
        both(
            format!(
                "本页收录 {} 处，共 {} 处；数量多的规则只收录靠前的部分，总数以各规则为准",
                grouped(listed),
                grouped(total)
            ),
            format!(
                "this page lists {} of {} findings: the first ones of rules that have many; the numbers of each rule are true",
                grouped(listed),
                grouped(total)
            ),
        )
    })
}

/// What is known of a file besides its rows.
fn facts(file: &FileFacts, zone: Tz) -> Vec<(Both, Both)> {
    let same = |text: String| both(text.clone(), text);
    let unknown = || both("未知", "unknown");
    let text = |text: &Option<String>| {
        text.as_deref().map_or_else(unknown, |t| same(visible(t).into_owned()))
    };
    vec![
        (both("SHA-256", "SHA-256"), text(&file.sha256)),
        (both("大小", "size"), same(formatting::size(file.size))),
        (
            both("修改时间", "modified"),
            file.mtime.map_or_else(unknown, |at| same(instant(at, zone))),
        ),
        (both("编码", "encoding"), text(&file.encoding)),
        (both("分隔符", "delimiter"), text(&file.delimiter)),
        (
            both("表头", "header"),
            match file.header {
                Some(true) => both("有", "yes"),
                Some(false) => both("无", "no"),
                None => unknown(),
            },
        ),
        (both("物理行数", "lines"), same(grouped(file.lines))),
        (both("空行", "blank lines"), same(grouped(file.blank))),
    ]
}

/// A point in time as people of a time zone read it, with the zone.
fn instant(at: DateTime<Utc>, zone: Tz) -> String {
    let at = at.with_timezone(&zone);
    format!("{} ({zone})", at.format("%Y-%m-%d %H:%M:%S UTC%:z"))
}
