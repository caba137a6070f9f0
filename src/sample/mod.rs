//! A realistic sample delivery: an insurer that does not exist, of any size, the same for the same seed.
//!
//! A clean sample is clean under every rule of the catalogue. `churn` makes later days of the same
//! company, on which agents, teams, organisations and staff change; `defects` plants known defects and says which in `planted.json`.

mod churn;
mod company;
mod defects;
mod delivery;
mod entry_dates;
mod seeded_rng;
mod names;
mod not_planted;
mod offices;
mod places;
mod roster;
mod row;
mod teams;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::model::Message;

use company::{Company, FOUNDED, Plan};
use defects::DefectInjector;
use delivery::{Delivery, Layout};
use names::Names;
use roster::Roster;

pub use defects::Defects;
pub use delivery::{Charset, Header, LineEnd, WrittenFile};
pub use not_planted::{NOT_PLANTED, NotPlanted};

/// Most agents that a sample may have.
const MAX_AGENTS: usize = 20_000_000;
/// Fewest agents of a company that has room for defects.
const MIN_AGENTS_FOR_DEFECTS: usize = 1_000;
/// The file that says what was planted.
const PLANTED: &str = "planted.json";

/// What to make. [`Options::new`] fills in all but the business date.
#[derive(Debug, Clone)]
pub struct Options {
    /// Agents on the base day, 1 to 20,000,000, those who left included.
    pub agents: usize,
    /// Another seed, another company.
    pub seed: u64,
    /// The business date of the delivery.
    pub date: NaiveDate,
    /// Share of the agents that changes each day, 0 to 1, and of all else in proportion; 0 is the company as it was on the
    /// base day.
    pub churn: f64,
    /// The base day of the churn, before `date`; `None` is the day before it. The changes of all
    /// days after it up to `date` add up.
    pub since: Option<NaiveDate>,
    /// Defects to plant; unless none, `planted.json` says which.
    pub defects: Defects,
    /// Encoding of the files.
    pub charset: Charset,
    /// One or more characters that no value holds.
    pub delimiter: String,
    /// The first line.
    pub header: Header,
    /// How lines end.
    pub line_end: LineEnd,
}

impl Options {
    /// The usual delivery: 10,000 agents, GB 18030, `|`, a header with the names of the contract, `\n`.
    pub fn new(date: NaiveDate) -> Options {
        Options {
            agents: 10_000,
            seed: 1,
            date,
            churn: 0.0,
            since: None,
            defects: Defects::None,
            charset: Charset::Gb18030,
            delimiter: "|".to_owned(),
            header: Header::Names,
            line_end: LineEnd::Lf,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One a feed, in report order.
    pub files: Vec<WrittenFile>,
    /// `planted.json`, where defects were planted.
    pub planted: Option<PathBuf>,
}

/// Writes a delivery into a folder, which is created if need be. Files of an earlier sample are replaced.
///
/// # Errors
/// Options out of range, or a file that cannot be written.
pub fn write(options: &Options, dir: &Path) -> anyhow::Result<Written> {
    let plan = plan(options)?;
    let schema = Schema::builtin()?;
    let layout = layout(options);
    let mut roster = roster(options, plan);
    churn::pass(&mut roster, |_, _| Ok(()))?;
    prepare(dir)?;
    let in_dir = || format!("cannot write the sample to {}", dir.display());

    let planted = dir.join(PLANTED);
    let form = defects::form(options.defects);
    let mut delivery = Delivery::create(dir, &schema, &layout, form).with_context(in_dir)?;
    if options.defects == Defects::None {
        write::write(&roster, &mut delivery).with_context(in_dir)?;
        let files = delivery.finish().with_context(in_dir)?;
        return Ok(Written { files, planted: None });
    }
    let today = options.date.to_string();
    let mut injector = DefectInjector::new(&schema, options.seed, options.charset, today);
    write::write(&roster, &mut injector)?;
    injector.plant(options.defects)?;
    let header_lines = u64::from(options.header != Header::None);
    let files = injector.write(delivery, header_lines, &planted).with_context(in_dir)?;
    Ok(Written { files, planted: Some(planted) })
}

/// Writes the deliveries of all days from [`Options::since`] to the date into the same folder, one after the other, and
/// does something with each before the next one is written. Without defects. Each is the one that [`write`] makes for its date
/// with the same `since`, but the days pass once.
///
/// # Errors
/// Options out of range, a file that cannot be written, and what `then` fails with.
pub fn write_each_day(
    options: &Options,
    dir: &Path,
    mut then: impl FnMut(NaiveDate) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let plan = plan(options)?;
    let schema = Schema::builtin()?;
    let layout = layout(options);
    let form = defects::form(Defects::None);
    prepare(dir)?;
    let mut day = |roster: &Roster, date: NaiveDate| {
        let mut delivery = Delivery::create(dir, &schema, &layout, form)?;
        write::write(roster, &mut delivery)?;
        delivery.finish()?;
        then(date)
    };
    let mut roster = roster(options, plan);
    day(&roster, plan.base)?;
    churn::pass(&mut roster, day)
}

fn layout(options: &Options) -> Layout {
    Layout {
        charset: options.charset,
        delimiter: options.delimiter.clone(),
        header: options.header,
        line_end: options.line_end,
    }
}

/// The company of the options on its base day.
fn roster(options: &Options, plan: Plan) -> Roster {
    let names = Names::new(options.charset != Charset::Gbk);
    Roster::new(Company::new(options.seed, plan, names))
}

/// Makes the folder. What an earlier sample planted is not true of the next one.
fn prepare(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create folder {}", dir.display()))?;
    match fs::remove_file(dir.join(PLANTED)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot write the sample to {}", dir.display()))
        }
        _ => Ok(()),
    }
}

fn plan(options: &Options) -> anyhow::Result<Plan> {
    let Options { agents, churn, date, .. } = *options;
    require((1..=MAX_AGENTS).contains(&agents), || {
        (
            format!("代理人数应为 1 到 {MAX_AGENTS}，实为 {agents}"),
            format!("the number of agents must be 1 to {MAX_AGENTS}, not {agents}"),
        )
    })?;
    let least = MIN_AGENTS_FOR_DEFECTS;
    require(options.defects == Defects::None || agents >= least, || {
        (
            format!("植入缺陷至少需要 {least} 名代理人，实为 {agents}"),
            format!("defects need a company of {least} agents or more, not {agents}"),
        )
    })?;
    require((0.0..=1.0).contains(&churn), || {
        let churn = churn * 100.0;
        (
            format!("每日变动比例应为 0% 到 100%，实为 {churn}%"),
            format!("the churn must be 0% to 100%, not {churn}%"),
        )
    })?;
    let delimiter = &options.delimiter;
    // Values are made of letters, digits, `-` and `·`, so anything else cannot occur in one.
    let unfit = |c: char| c.is_alphanumeric() || "-· \r\n\u{1a}\u{3000}\u{feff}".contains(c);
    require(!delimiter.is_empty() && !delimiter.contains(unfit), || {
        (
            "分隔符不能为空，也不能含字母、数字、空格、换行符、- 或 ·".to_owned(),
            "the delimiter must not be empty or hold letters, digits, spaces, line ends, '-' or '·'"
                .to_owned(),
        )
    })?;
    let mut bytes = Vec::new();
    options.charset.encode(delimiter, &mut bytes).context("the delimiter")?;

    let base = match options.since {
        _ if churn == 0.0 => date,
        Some(since) => since,
        None => date.pred_opt().unwrap_or(date),
    };
    require(base > FOUNDED, || {
        (
            format!("日期应晚于 {FOUNDED}，即样例公司成立之日"),
            format!("the date must be after {FOUNDED}, when the sample company was founded"),
        )
    })?;
    require(base <= date, || {
        (
            format!("开始变动的日期 {base} 不能晚于业务日期 {date}"),
            format!("the base day {base} must not be after the date {date}"),
        )
    })?;
    let days = u32::try_from((date - base).num_days()).unwrap_or(u32::MAX);
    require(days <= 3_660, || {
        (
            format!("开始变动的日期 {base} 与业务日期 {date} 相距不能超过十年"),
            format!("the base day {base} must be within ten years of the date {date}"),
        )
    })?;
    Ok(Plan { agents, base, days, churn })
}

/// An option that is out of range. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.en)]
pub struct OptionError(pub Message);

fn require(holds: bool, words: impl FnOnce() -> (String, String)) -> Result<(), OptionError> {
    if holds {
        return Ok(());
    }
    let (zh, en) = words();
    Err(OptionError(Message::new(zh, en)))
}
