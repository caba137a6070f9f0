//! `orgsnap sample`: writes a delivery of an insurer that does not exist.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{ArgAction, Args, ValueEnum};
use orgsnap::config::schema::Schema;
use orgsnap::model::{Message, system_reason};
use orgsnap::report::{Column, formatting, table};
use orgsnap::sample::{self, Charset, Defects, Header, LineEnd, NotPlanted, Options, Written};
use serde::Serialize;

use super::argument::{self, BadArgument};
use super::delivery_format::delimiter;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Write a realistic sample delivery
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write to; made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Overwrite files of an earlier delivery in the folder
    #[arg(long)]
    force: bool,
    /// Number of agents, those who left included
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    agents: usize,
    /// Another seed, another company
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Business date [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    date: Option<NaiveDate>,
    /// Share of the agents that changes each day, such as 1%
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
    churn: f64,
    /// The day from which on there are changes [default: the day before the business date]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    since: Option<NaiveDate>,
    /// Plant defects and write which to planted.json
    #[arg(long, value_name = "few|all", num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    defects: Option<Planted>,
    /// gb18030, gbk, utf-8, utf-8-bom, utf-16le or utf-16be
    #[arg(long, value_name = "ENCODING", default_value = "gb18030", value_parser = charset)]
    encoding: Charset,
    /// One or more characters; tab, \t and \x01 are understood
    #[arg(long, value_name = "CHARACTERS", default_value = "|", value_parser = delimiter)]
    delimiter: String,
    /// Leave the header out
    #[arg(long, action = ArgAction::SetTrue)]
    no_header: bool,
    /// Titles of the header: the names of the contract, or its Chinese titles
    #[arg(long, value_name = "en|zh", default_value = "en", conflicts_with = "no_header")]
    header_titles: Titles,
    /// How lines end
    #[arg(long, value_name = "lf|crlf", default_value = "lf")]
    line_end: Ending,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Planted {
    /// A handful, as they really occur; the delivery is still published
    Few,
    /// One for every rule that a delivery can break and stay readable
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Titles {
    En,
    Zh,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ending {
    Lf,
    Crlf,
}

#[derive(Serialize)]
struct Document {
    files: Vec<File>,
    planted: Option<String>,
}

#[derive(Serialize)]
struct File {
    feed: &'static str,
    path: String,
    rows: u64,
}

/// Writes the sample.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let options = Options {
        agents: arguments.agents,
        seed: arguments.seed,
        date: arguments.date.unwrap_or_else(|| environment.today()),
        churn: arguments.churn,
        since: arguments.since,
        defects: match arguments.defects {
            None => Defects::None,
            Some(Planted::Few) => Defects::Few,
            Some(Planted::All) => Defects::All,
        },
        charset: arguments.encoding,
        delimiter: arguments.delimiter.clone(),
        header: match (arguments.no_header, arguments.header_titles) {
            (true, _) => Header::None,
            (false, Titles::En) => Header::Names,
            (false, Titles::Zh) => Header::ChineseTitles,
        },
        line_end: match arguments.line_end {
            Ending::Lf => LineEnd::Lf,
            Ending::Crlf => LineEnd::CrLf,
        },
    };
    if !arguments.force {
        refuse_to_overwrite(&arguments.dir)?;
    }
    // Options out of range and a folder that cannot be written to are both usage errors.
    let written = sample::write(&options, &arguments.dir).map_err(|error| {
        if let Some(sample::OptionError(message)) = error.downcast_ref() {
            return Failure::usage(message.clone());
        }
        let zh = match error.root_cause().downcast_ref::<std::io::Error>() {
            Some(fault) => {
                let (dir, why) = (arguments.dir.display(), system_reason(fault).zh);
                format!("样例无法写入 {dir}（{why}）；请换一个目录，或检查权限和剩余空间")
            }
            None => format!("未能写出样例：{error:#}"),
        };
        Failure::usage(Message::new(zh, format!("{error:#}")))
    })?;
    let text = if arguments.json {
        document(&written)?
    } else {
        summary(&written, options.defects, environment)
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// An existing file may be a real delivery.
fn refuse_to_overwrite(dir: &Path) -> Result<(), Failure> {
    let schema = Schema::builtin().map_err(|error| Failure::internal(error.message()))?;
    let there = |name: &&str| dir.join(name).symlink_metadata().is_ok();
    let there: Vec<&str> =
        schema.feeds.iter().map(|feed| feed.file_name.as_str()).filter(there).collect();
    if there.is_empty() {
        return Ok(());
    }
    let dir = dir.display();
    Err(Failure::usage(Message::new(
        format!("{dir} 中已有 {}，未作改动；请换一个目录，或用 --force 覆盖", there.join("、")),
        format!(
            "{dir} holds {} already and was left as it is; choose another folder, or overwrite with --force",
            there.join(", ")
        ),
    )))
}

fn document(written: &Written) -> Result<String, Failure> {
    let file = |file: &sample::WrittenFile| File {
        feed: file.feed.name(),
        path: file.path.display().to_string(),
        rows: file.rows,
    };
    let document = Document {
        files: written.files.iter().map(file).collect(),
        planted: written.planted.as_ref().map(|path| path.display().to_string()),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn summary(written: &Written, defects: Defects, environment: &Environment) -> String {
    let language = environment.language;
    let header = language.choose(["文件", "行数"], ["file", "rows"]);
    let rows: Vec<Vec<String>> = written
        .files
        .iter()
        .map(|file| vec![file.path.display().to_string(), formatting::grouped(file.rows)])
        .collect();
    let mut text = table(&[Column::Text, Column::Number], &header, &rows, 0, environment.width);
    if let Some(planted) = &written.planted {
        let what = language.choose("植入的缺陷见", "the defects planted are listed in");
        text.push_str(&format!("{what} {}\n", planted.display()));
    }
    if defects == Defects::All {
        text.push_str(language.choose("未植入的规则\n", "rules that no defect was planted for\n"));
        for NotPlanted { codes, why } in sample::NOT_PLANTED {
            text.push_str(&format!("  {}  {}\n", codes.join(" "), language.of(why)));
        }
    }
    text
}

/// A share of 1, written as `1%` or `0.01`.
fn share(text: &str) -> Result<f64, BadArgument> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number.trim_end(), 100.0),
        None => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&(value / unit)) => Ok(value / unit),
        _ => Err(BadArgument::new(
            "应为 0% 到 100% 的比例，如 1% 或 0.01",
            "expected a share from 0% to 100%, such as 1% or 0.01",
        )),
    }
}

fn charset(name: &str) -> Result<Charset, BadArgument> {
    let known: Vec<&str> = Charset::ALL.iter().map(|charset| charset.name()).collect();
    Charset::from_name(name).ok_or_else(|| {
        BadArgument::new(
            format!("应为以下之一：{}", known.join("、")),
            format!("expected one of {}", known.join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages_or_fractions() {
        let good =
            [("1%", 0.01), ("0.5 %", 0.005), ("0.02", 0.02), ("0", 0.0), ("100%", 1.0), ("1", 1.0)];
        for (text, expected) in good {
            assert_eq!(share(text), Ok(expected), "{text}");
        }
        for bad in ["", "%", "101%", "-1%", "1.5", "NaN", "one"] {
            assert!(share(bad).is_err(), "{bad:?}");
        }
    }
}
