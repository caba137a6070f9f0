//! The questions of `src/analyst/questions.toml` on a history that came through the program: each answers what a naive
//! count over the delivered rows answers, none answers nothing, and the documents show exactly the SQL of the file.

mod changes;
mod document;
mod people;
mod places;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use chrono::{Days, NaiveDate};
use orgsnap::{
    analyst::{QUESTIONS, Question},
    config::job,
    model::Verdict,
    sample::{self, Charset, Options},
};
use rusqlite::{Connection, types::Value};

use crate::naive::{self, Record, Snapshot};
use crate::quiet::import_at;

/// Days of the history.
const DAYS: u64 = 14;

/// The SQL of a question with values in the places of its parameters.
fn with(question: &Question, values: &BTreeMap<String, String>) -> String {
    let mut sql = question.sql.clone();
    for (name, value) in values {
        assert!(question.parameters.contains_key(name), "{}: {name}", question.id);
        sql = sql.replace(&format!(":{name}"), &format!("'{}'", value.replace('\'', "''")));
    }
    sql
}

/// What was delivered, by date, and the database that came of it.
struct History {
    days: Vec<(String, Snapshot)>,
    database: PathBuf,
    _folder: tempfile::TempDir,
}

/// A row of an answer; null is empty.
type Row = Vec<String>;
/// Values of the parameters, and the rows that are to come.
type Expected = (Vec<(&'static str, String)>, Vec<Row>);

impl History {
    fn new() -> History {
        let folder = tempfile::tempdir().unwrap();
        let delivery = folder.path().join("delivery");
        let data = folder.path().join("data");
        let text = "tenant = 't'\n[gate]\nmax_quarantined = '100%'\nmax_detached = '100%'\nmax_vanished = '100%'\n\
                    max_vanished_in_organ = '100%'\n";
        let job = job::parse(Path::new("analyst.toml"), text, &|_| None).unwrap();
        let first = NaiveDate::from_ymd_opt(2024, 11, 25).unwrap();
        let mut days: Vec<(String, Snapshot)> = Vec::new();
        let options = Options {
            agents: 1_600,
            seed: 12,
            churn: 0.3,
            since: Some(first),
            charset: Charset::Utf8,
            ..Options::new(first + Days::new(DAYS - 1))
        };
        let each = sample::write_each_day(&options, &delivery, |date| {
            edit(&delivery.join("temp_agent.txt"), days.len());
            let now = "2024-12-31T00:00:00Z".parse().unwrap();
            let report = import_at(now, &job, &data, (&delivery, &date.to_string()), false);
            assert_eq!(report.verdict, Verdict::Published, "{date}: {:?}", report.reasons);
            let read = naive::read(&delivery, &options);
            let snapshot = match days.last() {
                Some((_, before)) => naive::snapshot(before, &read),
                None => read.accepted,
            };
            days.push((date.to_string(), snapshot));
            Ok(())
        });
        each.unwrap();
        History { days, database: data.join("t/org.db"), _folder: folder }
    }

    /// The history, made once.
    fn get() -> &'static History {
        static HISTORY: OnceLock<History> = OnceLock::new();
        HISTORY.get_or_init(History::new)
    }

    fn date(&self, n: usize) -> String {
        self.days[n].0.clone()
    }

    fn newest(&self) -> &Snapshot {
        &self.days.last().unwrap().1
    }

    /// The second date and the newest one: the period that the questions of changes are asked for.
    fn period(&self) -> Vec<(&'static str, String)> {
        vec![("first_day", self.date(2)), ("last_day", self.date(self.days.len() - 1))]
    }

    fn answer(&self, sql: &str) -> rusqlite::Result<Vec<Row>> {
        let db = Connection::open(&self.database).unwrap();
        let mut statement = db.prepare(sql)?;
        let columns = statement.column_count();
        let text = |value: Value| match value {
            Value::Null => String::new(),
            Value::Integer(n) => n.to_string(),
            Value::Real(x) => format!("{x:.2}"),
            Value::Text(text) => text,
            Value::Blob(_) => panic!("{sql}"),
        };
        let rows = statement.query_map([], |row| (0..columns).map(|c| row.get(c)).collect())?;
        let rows: Vec<Vec<Value>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().map(|row| row.into_iter().map(text).collect()).collect())
    }
}

/// What deliveries have besides the changes of a company: an agent who is gone for some days, one whose row is bad for
/// some, two in teams that are not there, and leaders and a whole team who have left.
fn edit(path: &Path, n: usize) {
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<Vec<String>> =
        text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect();
    if (4..7).contains(&n) {
        lines.remove(300);
    }
    if (6..9).contains(&n) {
        "soon".clone_into(&mut lines[200][7]);
    }
    if n > 9 {
        for (agent, team) in lines.iter_mut().filter(|line| line[2] == "1").skip(700).zip(1..3) {
            agent[11] = format!("9999999999999{team}");
        }
        let team = lines[900..].iter().find(|line| line[2] == "1").unwrap()[11].clone();
        for (at, agent) in lines.iter_mut().enumerate().filter(|(_, line)| line[2] == "1") {
            // Founders of teams stand among the first.
            let leads = at < 60 && at % 5 == 1;
            if !leads && agent[11] != team {
                continue;
            }
            "2".clone_into(&mut agent[2]);
            "2024-12-04".clone_into(&mut agent[8]);
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| line.join("|")).collect();
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

fn active(agent: &Record) -> bool {
    agent.get("agentStatus") == "1"
}

/// A rounded number as answers show it.
fn number(x: f64) -> String {
    format!("{x:.2}")
}

fn same(found: &[Row], expected: &[Row]) -> bool {
    // A number that was rounded is only as exact as it is shown.
    let close = |a: &str, b: &str| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => a.contains('.') && b.contains('.') && (x - y).abs() < 0.051,
        _ => false,
    };
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(a, b)| a == b || close(a, b))
        })
}

fn expected(history: &History, id: &str) -> Expected {
    places::expected(history, id)
        .or_else(|| people::expected(history, id))
        .or_else(|| changes::expected(history, id))
        .unwrap_or_else(|| panic!("nobody counts the answer to {id}"))
}

#[test]
fn every_question_answers_what_the_deliveries_say() {
    let history = History::get();
    let mut wrong = Vec::new();
    for question in QUESTIONS.iter() {
        let (values, rows) = expected(history, &question.id);
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert!(!rows.is_empty(), "{}: nothing to be found with {values:?}", question.id);
        let found = match history.answer(&with(question, &values)) {
            Ok(found) => found,
            Err(error) => {
                wrong.push(format!("{}: {error}", question.id));
                continue;
            }
        };
        if !same(&found, &rows) {
            let differ =
                found.iter().zip(&rows).find(|(a, b)| !same(&[(*a).clone()], &[(*b).clone()]));
            wrong.push(format!(
                "{} with {values:?}: {} rows for {}, the first other one {differ:?}",
                question.id,
                found.len(),
                rows.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
