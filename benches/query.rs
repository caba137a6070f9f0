//! Benchmark of the questions of `src/analyst/questions.toml` against a database with many days.
//!
//!     cargo bench --bench query
//!     ORGSNAP_BENCH_AGENTS=1000000 ORGSNAP_BENCH_DAYS=400 cargo bench --bench query
//!     ORGSNAP_BENCH_DATABASE=data/00010001/org.db cargo bench --bench query
//!
//! The database is made by the program itself: a first import, then a day with 1 % churn after the other, all from
//! `sample`. At a million agents a day takes some seconds, so 400 of them most of an hour; a database that is there
//! already is asked as it is. Times are medians of several readings of all rows, warm, in one process. With `datasette`
//! (on the path, or named by ORGSNAP_BENCH_DATASETTE) the same is asked through it, which returns a thousand rows at most.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use chrono::{Days, NaiveDate};
use orgsnap::{
    analyst::{QUESTIONS, Question},
    sample::{self, Options},
};
use rusqlite::{Connection, OpenFlags};

/// How often each question is asked.
const ROUNDS: usize = 7;

/// What may be asked for in how many milliseconds at a million agents and 400 days.
const GOALS: [(&str, f64); 6] = [
    ("life-of-an-agent", 1.0),
    ("roster-on-a-day", 50.0),
    ("headcount-over-time", 100.0),
    ("everyone-below", 100.0),
    ("recruits-below", 10.0),
    ("entered-left-rate", 300.0),
];

type Values = BTreeMap<String, String>;

fn main() -> anyhow::Result<()> {
    if let Some(database) = setting("ORGSNAP_BENCH_DATABASE") {
        return ask(Path::new(&database));
    }
    let folder = setting("ORGSNAP_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("orgsnap-bench-{}", std::process::id()));
    let result = make(&folder).and_then(|database| ask(&database));
    fs::remove_dir_all(&folder)?;
    result
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is set up by its environment")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Makes the database.
#[expect(clippy::print_stderr, reason = "many days take long")]
fn make(folder: &Path) -> anyhow::Result<PathBuf> {
    let number =
        |name: &str, default: usize| setting(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let agents = number("ORGSNAP_BENCH_AGENTS", 50_000);
    let days = number("ORGSNAP_BENCH_DAYS", 10).max(3);
    let (feed, data) = (folder.join("feed"), folder.join("data"));
    fs::create_dir_all(folder)?;
    let job = folder.join("bench.toml");
    fs::write(&job, "tenant = \"bench\"\n[source]\nkind = \"dir\"\npath = \"feed\"\n")?;
    let first = NaiveDate::from_ymd_opt(2024, 12, 1).unwrap_or_default();
    let last = first.checked_add_days(Days::new(days as u64 - 1)).unwrap_or(first);
    let options = Options { agents, churn: 0.01, since: Some(first), ..Options::new(last) };
    sample::write_each_day(&options, &feed, |date| {
        let mut import = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        import.arg("import").arg(&job).arg("--from").arg(&feed);
        import.arg("--date").arg(date.to_string()).arg("--data").arg(&data);
        let output = import.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{date}: {said}");
        // Deliveries and reports of so many days would fill the disk.
        for kept in ["archive", "reports"] {
            let kept = data.join("bench").join(kept);
            if kept.exists() {
                fs::remove_dir_all(kept)?;
            }
        }
        let nth = (date - first).num_days() + 1;
        if nth % 20 == 0 || nth == days as i64 {
            eprintln!("day {nth} of {days} is imported");
        }
        Ok(())
    })?;
    Ok(data.join("bench").join("org.db"))
}

fn ask(database: &Path) -> anyhow::Result<()> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let datasette = Datasette::start(database)?;
    let mut rows = Vec::new();
    for question in QUESTIONS.iter() {
        let values = values(&db, question).with_context(|| question.id.clone())?;
        let (count, time) = direct(&db, question, &values).with_context(|| question.id.clone())?;
        let through = match &datasette {
            Some(datasette) => Some(datasette.ask(question, &values)?),
            None => None,
        };
        rows.push((question, count, time, through));
    }
    show(&db, database, &rows)
}

/// Asks so often, reads all rows and returns how many there are and the median time in milliseconds.
fn direct(db: &Connection, question: &Question, values: &Values) -> anyhow::Result<(usize, f64)> {
    let mut times = Vec::new();
    let mut count = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut statement = db.prepare(&question.sql)?;
        let columns = statement.column_count();
        for (name, value) in values {
            let at = statement.parameter_index(&format!(":{name}"))?;
            statement.raw_bind_parameter(at.context("no such parameter")?, value)?;
        }
        count = 0;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column)?);
            }
            count += 1;
        }
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((count, median(times)))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Values for which there is something to be found.
fn values(db: &Connection, question: &Question) -> anyhow::Result<Values> {
    let mut values = Values::new();
    for (name, example) in &question.parameters {
        let sql = match (question.id.as_str(), name.as_str()) {
            ("recruiters-by-month" | "retention-by-month-of-entry", "first_day") => {
                "select date(max(enter_company_date), '-1 year') from agent"
            }
            ("top-recruiters", "first_day") => {
                "select date(max(enter_company_date), '-30 days') from agent"
            }
            ("top-recruiters", "last_day") => "select max(enter_company_date) from agent",
            ("headcount-on-a-day" | "headcount-over-time", "organ") => {
                "select id from organ_tree where depth = (select min(depth) from organ_tree) limit 1"
            }
            (_, "organ") => {
                "select id from organ where organ_level = 2 and id in (select working_organ_id from agent \
                 union select level_2_id from organ_tree where agent_count > 0) order by id limit 1"
            }
            (_, "day") => {
                "select business_date from snapshot order by business_date \
                 limit 1 offset (select count(*) / 2 from snapshot)"
            }
            (_, "first_day") => "select date(max(business_date), '-30 days') from snapshot",
            (_, "later" | "last_day") => "select max(business_date) from snapshot",
            (_, "earlier") => {
                "select business_date from snapshot order by business_date desc limit 1 offset 1"
            }
            ("teams-mentored", "team") => {
                "select id from mentor_tree order by descendant_count desc, id limit 1"
            }
            (_, "team") => {
                "select to_value from agent_event where kind = 'moved_team' \
                 and business_date = (select max(business_date) from snapshot) limit 1"
            }
            ("recruits-below", "agent") => {
                "select id from recruit_tree order by abs(descendant_count - 500), id limit 1"
            }
            ("recruiters-above", "agent") => {
                "select id from recruit_tree order by depth desc, id limit 1"
            }
            (_, "agent") => {
                "select id from agent_event \
                 where business_date = (select max(business_date) from snapshot) limit 1"
            }
            _ => {
                values.insert(name.clone(), example.clone());
                continue;
            }
        };
        let value = db.query_row(sql, [], |row| row.get(0)).with_context(|| sql.to_owned())?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// Datasette, serving the database.
struct Datasette {
    child: Child,
    port: u16,
    name: String,
}

impl Datasette {
    /// Starts it, if there is one.
    #[expect(clippy::print_stderr, reason = "what is not measured is said")]
    fn start(database: &Path) -> anyhow::Result<Option<Datasette>> {
        let program = setting("ORGSNAP_BENCH_DATASETTE").unwrap_or_else(|| "datasette".to_owned());
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(&program);
        command.arg(database).args(["--port", &port.to_string()]);
        command.args(["--setting", "sql_time_limit_ms", "60000"]);
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(child) = started else {
            eprintln!("{program} is not installed, so nothing is asked through it");
            return Ok(None);
        };
        let name = database.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let datasette = Datasette { child, port, name };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            anyhow::ensure!(began.elapsed() < Duration::from_secs(60), "{program} does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Some(datasette))
    }

    /// The median time in milliseconds.
    fn ask(&self, question: &Question, values: &Values) -> anyhow::Result<f64> {
        let mut path = format!("/{}.json?_shape=arrays&sql={}", self.name, escaped(&question.sql));
        for (name, value) in values {
            path.push_str(&format!("&{name}={}", escaped(value)));
        }
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply)?;
            let good = reply.starts_with("HTTP/1.1 200") || reply.starts_with("HTTP/1.0 200");
            let shown: String = reply.chars().take(2_000).collect();
            anyhow::ensure!(good, "{}: {shown}", question.id);
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(times))
    }
}

impl Drop for Datasette {
    fn drop(&mut self) {
        // It has ended by itself or is ended now; there is nothing else to be done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn escaped(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|b| if kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn show(
    db: &Connection,
    database: &Path,
    rows: &[(&Question, usize, f64, Option<f64>)],
) -> anyhow::Result<()> {
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    println!(
        "{} agents, {} versions, {} events, {} dates, {} MB\n",
        count("select count(*) from agent")?,
        count("select count(*) from agent_history")?,
        count("select count(*) from agent_event")?,
        count("select count(*) from snapshot")?,
        fs::metadata(database)?.len() / 1_000_000
    );
    println!("| question | id | rows | median ms | goal | through Datasette |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for (question, count, time, through) in rows {
        let goal = GOALS.iter().find(|(id, _)| *id == question.id);
        let goal = goal.map_or_else(String::new, |(_, goal)| format!("{goal:.0}"));
        let through = through.map_or_else(|| "not asked".to_owned(), |ms| format!("{ms:.0}"));
        let (title, id) = (&question.title_en, &question.id);
        println!("| {title} | {id} | {count} | {time:.2} | {goal} | {through} |");
    }
    Ok(())
}
