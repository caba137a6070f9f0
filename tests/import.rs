//! Imports through the pipeline: the content of `org.db` after one delivery and after the next.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::{
    config::job::{self, Job},
    disk::TenantLock,
    fetch,
    model::{Cancel, DeliveredFiles, Feed, FeedChanges, ReportFiles, RunReport, Verdict},
    pipeline::{self, ImportRequest, NoReports, Progress, Reporter, RunError, Stage, WaitPolicy},
    sample::{self, Charset, Options},
    store::StoreError,
};
use rusqlite::{Connection, types::Value};

use crate::quiet::Quiet;

/// An insurer in a folder of its own: its job, its deliveries, its data.
struct Insurer {
    folder: tempfile::TempDir,
    job: Job,
}

/// Tables whose rows must depend on the deliveries only.
const SNAPSHOT: [&str; 13] = [
    "agent",
    "node",
    "organ",
    "principal",
    "agent_history",
    "node_history",
    "organ_history",
    "principal_history",
    "organ_tree",
    "node_tree",
    "recruit_tree",
    "mentor_tree",
    "carry",
];

impl Insurer {
    fn new(more: &str) -> Insurer {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.toml");
        let text =
            format!("tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"{{date:%Y%m%d}}\"\n{more}");
        fs::write(&path, text).unwrap();
        let job = job::load(&path, &|_| None).unwrap();
        Insurer { folder, job }
    }

    fn delivery(&self, day: u32) -> PathBuf {
        self.folder.path().join(date(day).format("%Y%m%d").to_string())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes the delivery of a day: a clean company, then whatever `edit` does to the agents' lines.
    fn deliver(&self, day: u32, edit: impl FnOnce(&mut Vec<String>)) -> &Insurer {
        let options = Options { agents: 400, charset: Charset::Utf8, ..Options::new(date(1)) };
        fs::create_dir_all(self.delivery(day)).unwrap();
        sample::write(&options, &self.delivery(day)).unwrap();
        self.edit(day, "temp_agent.txt", edit)
    }

    fn edit(&self, day: u32, file: &str, edit: impl FnOnce(&mut Vec<String>)) -> &Insurer {
        let path = self.delivery(day).join(file);
        let mut lines: Vec<String> =
            fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        edit(&mut lines);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        self
    }

    fn try_import(&self, day: u32, dry_run: bool) -> Result<RunReport, RunError> {
        let data = self.data();
        let now: DateTime<Utc> = "2024-12-31T18:30:00Z".parse().unwrap();
        // No two runs begin at the same second, so every run has an id of its own.
        let now = now
            + chrono::TimeDelta::seconds(
                fs::read_dir(data.join("t/archive"))
                    .into_iter()
                    .flatten()
                    .map(|day| day.unwrap().path())
                    .filter(|day| day.is_dir())
                    .map(|day| fs::read_dir(day).unwrap().count() as i64)
                    .sum::<i64>(),
            );
        let request = ImportRequest {
            job: &self.job,
            date: Some(date(day)),
            from: None,
            dry_run,
            data_dir: &data,
            now,
            cancel: &Cancel::new(),
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            backup: true,
            refused: None,
        };
        pipeline::import(&request, &Quiet, &NoReports)
    }

    fn import(&self, day: u32) -> RunReport {
        self.try_import(day, false).unwrap()
    }

    fn db(&self) -> Connection {
        Connection::open(self.data().join("t/org.db")).unwrap()
    }

    fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let db = self.db();
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|c| row.get(c)).collect();
        statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.db().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// All rows of the snapshot tables, as text.
    fn dump(&self) -> String {
        let table = |table: &&str| {
            format!("{table}\n{:?}\n", self.rows(&format!("select * from {table} order by 1, 2")))
        };
        SNAPSHOT.iter().map(table).collect()
    }
}

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 12, day).unwrap()
}

/// Replaces one field of the line of an agent.
fn set(lines: &mut [String], agent: usize, field: usize, value: &str) {
    let mut cells: Vec<&str> = lines[agent].split('|').collect();
    cells[field] = value;
    lines[agent] = cells.join("|");
}

fn id(line: &str) -> String {
    line.split('|').next().unwrap().to_owned()
}

const GRADE: usize = 10;
const ENTERED: usize = 7;

#[test]
fn the_same_delivery_twice_changes_no_row() {
    let insurer = Insurer::new("");
    let first = insurer.deliver(1, |_| {}).import(1);
    assert_eq!(first.verdict, Verdict::Published, "{:?}", first.reasons);
    assert_eq!(first.changes[&Feed::Agent].added, 400);
    let before = insurer.dump();
    let places = insurer.rows("select * from agent order by id");
    for day in [1, 2] {
        let again = if day == 1 { insurer.import(1) } else { insurer.deliver(2, |_| {}).import(2) };
        assert_eq!(again.verdict, Verdict::Published);
        let nothing = FeedChanges { unchanged: 400, ..FeedChanges::default() };
        assert_eq!(again.changes[&Feed::Agent], nothing);
        assert!(insurer.dump() == before);
        assert!(insurer.rows("select * from agent order by id") == places);
    }
    assert_eq!(insurer.one::<i64>("select count(*) from snapshot"), 2);
    assert_eq!(insurer.one::<i64>("select count(*) from run"), 3);
}

#[test]
fn a_bad_cell_or_a_stray_delimiter_removes_no_agent() {
    let cases: [fn(&mut Vec<String>); 3] = [
        |lines| set(lines, 9, ENTERED, "2024-02-30"),
        |lines| lines[9] = lines[9].replacen('|', "||", 1),
        |lines| set(lines, 9, 2, "7"),
    ];
    for damage in cases {
        let insurer = Insurer::new("");
        insurer.deliver(1, |_| {}).import(1);
        let before = insurer.rows("select * from recruit_tree order by id");
        let mut key = String::new();
        let report = insurer
            .deliver(2, |lines| {
                key = id(&lines[9]);
                damage(lines);
            })
            .import(2);
        assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
        assert_eq!(report.changes[&Feed::Agent].carried, 1);
        assert_eq!(report.changes[&Feed::Agent].removed, 0);
        let state = |column: &str| {
            insurer.one::<Option<String>>(&format!("select {column} from agent where id = '{key}'"))
        };
        assert_eq!(state("valid_from").as_deref(), Some("2024-12-01"));
        assert_eq!(state("carried_since").as_deref(), Some("2024-12-02"));
        assert_eq!(insurer.rows("select * from agent_history").len(), 0);
        assert!(insurer.rows("select * from recruit_tree order by id") == before);
        assert_eq!(insurer.one::<i64>("select count(*) from quarantine where line = 10"), 1);
        insurer.deliver(3, |_| {}).import(3);
        assert_eq!(state("carried_since"), None);
        assert_eq!(state("valid_from").as_deref(), Some("2024-12-01"));
    }
}

/// A record's version, whether its grade is the changed one, and since when it is carried; `None` if it is absent.
type State = Option<(&'static str, bool, Option<&'static str>)>;

#[test]
fn the_readme_joins_each_carried_row_to_its_own_line() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let mut expected = Vec::new();
    let report = insurer
        .deliver(2, |lines| {
            let named = id(&lines[9]);
            let recruiter =
                lines[0].split('|').position(|title| title == "recommendByAgentId").unwrap();
            set(lines, 9, ENTERED, "2024-02-30");
            // Another line, bad as well, that names the first person.
            set(lines, 20, recruiter, &named);
            set(lines, 20, ENTERED, "2024-02-30");
            // A stray delimiter: the key can still be read.
            lines[30].push_str("|x");
            expected = [9, 20, 30].map(|at| (id(&lines[at]), at as i64 + 1)).to_vec();
        })
        .import(2);
    assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    expected.sort();
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(readme)).unwrap();
        let queries = text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let sql =
            queries.into_iter().find(|sql| sql.contains("carried_since is not null")).unwrap();
        let db = insurer.db();
        let mut statement = db.prepare(sql).unwrap();
        let found = statement.query_map([], |row| Ok((row.get("id")?, row.get("line")?)));
        let mut found: Vec<(String, i64)> = found.unwrap().map(Result::unwrap).collect();
        found.sort();
        assert_eq!(found, expected, "{readme}");
    }
}

#[test]
fn a_quarantined_row_is_carried_until_it_is_corrected_or_absent() {
    let insurer = Insurer::new("");
    let bad: fn(&mut Vec<String>) = |lines| set(lines, 9, ENTERED, "2024-02-30");
    // A row with two defects, and a good row of the same key: one carried record.
    let worse: fn(&mut Vec<String>) = |lines| {
        lines.push(lines[9].clone());
        set(lines, 9, ENTERED, "2024-02-30");
        set(lines, 9, 2, "x");
    };
    let mended: fn(&mut Vec<String>) = |lines| set(lines, 9, GRADE, "Z9");
    let gone: fn(&mut Vec<String>) = |lines| drop(lines.remove(9));
    let key = {
        insurer.deliver(1, |_| {}).import(1);
        let text = fs::read_to_string(insurer.delivery(1).join("temp_agent.txt")).unwrap();
        id(text.lines().nth(9).unwrap())
    };
    // By day: the delivery, and the record's version, grade changed or not, and since when it is carried.
    let days: [(fn(&mut Vec<String>), State); 6] = [
        (bad, Some(("2024-12-01", false, Some("2024-12-02")))),
        (worse, Some(("2024-12-01", false, Some("2024-12-02")))),
        (mended, Some(("2024-12-04", true, None))),
        (bad, Some(("2024-12-04", true, Some("2024-12-05")))),
        (gone, None),
        (bad, None),
    ];
    for (at, (edit, expected)) in days.into_iter().enumerate() {
        let day = at as u32 + 2;
        let report = insurer.deliver(day, edit).import(day);
        assert_eq!(report.verdict, Verdict::Published, "day {day}: {:?}", report.reasons);
        let found = insurer.rows(&format!(
            "select valid_from, agent_grade_level = 'Z9', carried_since from agent where id = '{key}'"
        ));
        let expected: Vec<Vec<Value>> = expected
            .into_iter()
            .map(|(from, changed, since)| {
                let since = since.map_or(Value::Null, |day| Value::Text(day.to_owned()));
                vec![Value::Text(from.to_owned()), Value::Integer(i64::from(changed)), since]
            })
            .collect();
        assert_eq!(found, expected, "day {day}");
    }
    let versions = insurer.rows(&format!(
        "select valid_from || ' ' || valid_to from agent_history where id = '{key}' order by 1"
    ));
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    assert_eq!(versions, [text("2024-12-01 2024-12-04"), text("2024-12-04 2024-12-06")]);
}

#[test]
fn history_keeps_changed_and_removed_rows() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let (mut changed, mut gone) = (String::new(), String::new());
    let report = insurer
        .deliver(2, |lines| {
            changed = id(&lines[20]);
            set(lines, 20, GRADE, "Z9");
            // The last agent recruited nobody, so no reference to it is left.
            gone = id(lines.last().unwrap());
            lines.pop();
        })
        .import(2);
    let agents = report.changes[&Feed::Agent];
    assert_eq!((agents.changed, agents.removed, agents.unchanged), (1, 1, 398));
    let closed = insurer.rows("select id, valid_from, valid_to from agent_history order by id");
    let text = |t: &str| Value::Text(t.to_owned());
    let mut expected = [changed.clone(), gone.clone()];
    expected.sort();
    let expected: Vec<Vec<Value>> =
        expected.iter().map(|id| vec![text(id), text("2024-12-01"), text("2024-12-02")]).collect();
    assert_eq!(closed, expected);
    let as_of = |day: &str| {
        insurer.one::<i64>(&format!(
            "select count(*) from agent_version where valid_from <= '{day}' and (valid_to is null or '{day}' < valid_to)"
        ))
    };
    assert_eq!((as_of("2024-11-30"), as_of("2024-12-01"), as_of("2024-12-02")), (0, 400, 399));
    assert_eq!(
        insurer
            .one::<String>(&format!("select agent_grade_level from agent where id = '{changed}'")),
        "Z9"
    );
}

#[test]
fn reimporting_a_date_gives_the_result_of_its_last_delivery_alone() {
    let edits: [fn(&mut Vec<String>); 4] = [
        |lines| set(lines, 5, GRADE, "Z1"),
        |lines| {
            lines.pop();
        },
        |lines| set(lines, 6, ENTERED, "bad"),
        |_| {},
    ];
    for first in edits {
        for last in edits {
            let twice = Insurer::new("");
            twice.deliver(1, |_| {}).import(1);
            twice.deliver(2, first).import(2);
            twice.deliver(2, last).import(2);
            let once = Insurer::new("");
            once.deliver(1, |_| {}).import(1);
            once.deliver(2, last).import(2);
            assert!(twice.dump() == once.dump());
        }
    }
}

#[test]
fn a_refused_delivery_leaves_the_snapshot_and_is_recorded() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let before = insurer.dump();
    let cases: [(&str, fn(&Insurer)); 4] = [
        ("quarantined", |i| {
            i.deliver(2, |lines| (1..6).for_each(|at| set(lines, at, ENTERED, "never")));
        }),
        ("vanished", |i| {
            i.deliver(2, |lines| lines.truncate(340));
        }),
        ("fatal-finding", |i| {
            i.deliver(2, |_| {});
            fs::remove_file(i.delivery(2).join("temp_base_node.txt")).unwrap();
        }),
        ("fatal-finding", |i| {
            i.deliver(2, |_| {});
            fs::write(i.delivery(2).join("temp_principal.txt"), "").unwrap();
        }),
    ];
    for (at, (limit, damage)) in cases.into_iter().enumerate() {
        damage(&insurer);
        let data = insurer.data();
        let now: DateTime<Utc> = format!("2024-12-31T20:00:0{at}Z").parse().unwrap();
        let request = ImportRequest {
            job: &insurer.job,
            date: Some(date(2)),
            from: None,
            dry_run: false,
            data_dir: &data,
            now,
            cancel: &Cancel::new(),
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            backup: true,
            refused: None,
        };
        let report = pipeline::import(&request, &Quiet, &NoReports).unwrap();
        assert_eq!(report.verdict, Verdict::Refused);
        assert!(report.reasons.iter().any(|r| r.limit == limit), "{limit}: {:?}", report.reasons);
        assert!(insurer.dump() == before, "{limit}");
        let run =
            format!("select count(*) from run where verdict = 'refused' and id = '{}'", report.run);
        assert_eq!(insurer.one::<i64>(&run), 1, "{limit}");
        let archived =
            insurer.data().join("t/archive/2024-12-02").join(&report.run.0).join("manifest.json");
        assert!(archived.exists(), "{limit}");
    }
    assert_eq!(insurer.one::<i64>("select count(*) from quarantine"), 5);
}

#[test]
fn tree_counts_match_a_recursive_query() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let cases = [
        ("organ_tree", "parent_id"),
        ("node_tree", "parent_id"),
        ("recruit_tree", "parent_id"),
        ("mentor_tree", "parent_id"),
    ];
    for (tree, parent) in cases {
        let wrong = format!(
            "with recursive below(top, id) as (select id, id from {tree} union all \
             select b.top, t.id from below b join {tree} t on t.{parent} = b.id) \
             select t.id, t.descendant_count, count(*) - 1 from {tree} t join below b on b.top = t.id \
             group by t.id having t.descendant_count <> count(*) - 1"
        );
        assert_eq!(insurer.rows(&wrong), Vec::<Vec<Value>>::new(), "{tree}");
        let children = format!(
            "select t.id from {tree} t where t.child_count <> (select count(*) from {tree} c where c.{parent} = t.id)"
        );
        assert_eq!(insurer.rows(&children), Vec::<Vec<Value>>::new(), "{tree}");
    }
    assert_eq!(
        insurer.one::<i64>("select agent_count from organ_tree where parent_id is null"),
        400
    );
    let active: i64 = insurer.one("select count(*) from agent where agent_status = 1");
    assert_eq!(
        insurer.one::<i64>("select active_agent_count from organ_tree where parent_id is null"),
        active
    );
    assert_eq!(
        insurer.one::<i64>("select sum(agent_count) from node_tree where parent_id is null"),
        400
    );
    let bad_path = "select id from organ_tree where path not like '%/' || id || '/'";
    assert_eq!(insurer.rows(bad_path), Vec::<Vec<Value>>::new());
}

#[test]
fn every_line_is_accounted_for_in_the_database() {
    let insurer = Insurer::new("[gate]\nmax_quarantined = \"50%\"\n");
    let report = insurer
        .deliver(1, |lines| {
            set(lines, 3, ENTERED, "bad");
            lines.insert(9, String::new());
            let copy = lines[12].clone();
            lines.push(copy);
            lines.push("too|short".to_owned());
        })
        .import(1);
    assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    let unaccounted = "select name from source_file where lines <> rows + quarantined + repeated + header_lines + blank + other";
    assert_eq!(insurer.rows(unaccounted), Vec::<Vec<Value>>::new());
    let agents = insurer.rows("select lines, rows, quarantined, repeated, header_lines, blank from source_file where feed = 'agent'");
    let counts: Vec<Value> = [404, 399, 2, 1, 1, 1].into_iter().map(Value::Integer).collect();
    assert_eq!(agents, [counts]);
    assert_eq!(insurer.one::<i64>("select count(*) from quarantine"), 2);
    assert_eq!(
        insurer.one::<String>("select text from quarantine where rules = 'R201'"),
        "too|short"
    );
}

#[test]
fn a_dry_run_publishes_nothing_and_leaves_no_database() {
    let insurer = Insurer::new("");
    let report = insurer.deliver(1, |_| {}).try_import(1, true).unwrap();
    assert_eq!(report.verdict, Verdict::Passed);
    assert!(!insurer.data().join("t/org.db").exists());
    assert!(!insurer.data().join("t/archive").exists());
    insurer.import(1);
    let before = insurer.dump();
    let report = insurer
        .deliver(2, |lines| {
            lines.pop();
        })
        .try_import(2, true)
        .unwrap();
    assert_eq!((report.verdict, report.changes[&Feed::Agent].removed), (Verdict::Passed, 1));
    assert!(insurer.dump() == before);
    assert_eq!(insurer.one::<i64>("select count(*) from run"), 1);
}

#[test]
fn source_lock_and_database_faults_give_distinct_errors() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let before = insurer.dump();
    assert!(
        matches!(insurer.try_import(2, false), Err(RunError::Fetch(e)) if crate::fetch::waiting_helps(&e))
    );
    assert_eq!(insurer.one::<i64>("select count(*) from run where verdict = 'failed'"), 1);
    let tenant = insurer.data().join("t");
    let lock = TenantLock::acquire(&tenant, "import other", DateTime::UNIX_EPOCH).unwrap();
    let Err(RunError::Lock(held)) = insurer.try_import(1, false) else {
        panic!("the lock is held")
    };
    assert!(held.to_string().contains("import other"), "{held}");
    drop(lock);
    insurer.db().pragma_update(None, "user_version", 9_999).unwrap();
    let bytes = fs::read(tenant.join("org.db")).unwrap();
    assert!(matches!(insurer.try_import(1, false), Err(RunError::Store(StoreError::Newer { .. }))));
    assert_eq!(fs::read(tenant.join("org.db")).unwrap(), bytes);
    assert!(insurer.dump() == before);
    fs::write(tenant.join("org.db"), "this is no database, and it is long enough to look at")
        .unwrap();
    let Err(RunError::Store(error)) = insurer.try_import(1, false) else { panic!("no database") };
    assert!(error.to_string().contains("org.db"), "{error}");
}

#[test]
fn an_uncreatable_data_folder_is_named_in_the_error() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {});
    // A file in place of the data folder: nobody, not even root, can create a folder there.
    fs::write(insurer.data(), "not a folder").unwrap();
    let error = insurer.try_import(1, false).unwrap_err();
    assert!(error.to_string().contains("data"), "{error}");
    assert!(Path::new(&insurer.data()).is_file());
}

#[test]
fn a_cancelled_run_changes_nothing() {
    /// Cancels the run as soon as a stage begins.
    struct StopAt(Stage, Cancel);
    impl fetch::Progress for StopAt {
        fn file(&self, _: Feed, _: Option<u64>) {}
        fn bytes(&self, _: Feed, _: u64) {}
    }
    impl Progress for StopAt {
        fn stage(&self, stage: Stage) {
            if stage == self.0 {
                self.1.ask();
            }
        }
    }
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    let before = insurer.dump();
    insurer.deliver(2, |lines| lines.truncate(390));
    for stage in [Stage::Fetch, Stage::Parse, Stage::Check, Stage::Publish] {
        let cancel = Cancel::new();
        let request = ImportRequest {
            job: &insurer.job,
            date: Some(date(2)),
            from: None,
            dry_run: false,
            data_dir: &insurer.data(),
            now: "2024-12-31T21:00:00Z".parse().unwrap(),
            cancel: &cancel,
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            backup: true,
            refused: None,
        };
        // Each run archives under its own id; all four begin at the same moment here.
        let _ = fs::remove_dir_all(insurer.data().join("t/archive/2024-12-02"));
        let outcome = pipeline::import(&request, &StopAt(stage, cancel.clone()), &NoReports);
        assert!(matches!(outcome, Err(RunError::Cancelled)), "{stage:?}: {outcome:?}");
        assert!(insurer.dump() == before, "{stage:?}");
        assert_eq!(insurer.one::<i64>("select count(*) from run"), 1, "{stage:?}");
    }
    assert_eq!(insurer.import(2).verdict, Verdict::Published);
}

/// Ends in a panic instead of making reports.
struct Panics;

impl Reporter for Panics {
    fn write(&self, _: &mut RunReport, _: &dyn DeliveredFiles) -> ReportFiles {
        panic!("no reports today")
    }
}

#[test]
fn a_panic_of_the_reporter_is_a_fault_of_the_reports_and_the_run_stands() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {});
    let request = ImportRequest {
        job: &insurer.job,
        date: Some(date(1)),
        from: None,
        dry_run: false,
        data_dir: &insurer.data(),
        now: "2024-12-31T21:00:00Z".parse().unwrap(),
        cancel: &Cancel::new(),
        wait_policy: WaitPolicy::WaitForFiles,
        accept_unchanged: false,
        backup: true,
        refused: None,
    };
    let report = pipeline::import(&request, &Quiet, &Panics).unwrap();
    assert_eq!(report.verdict, Verdict::Published);
    let [fault] = report.report_files.faults.as_slice() else { panic!("{report:?}") };
    assert!(fault.en.contains("the run is not affected"), "{}", fault.en);
    assert!(!fault.en.contains("no reports today"), "a panic may quote delivered text");
    assert_eq!(insurer.one::<i64>("select count(*) from snapshot"), 1);
}

#[test]
fn a_missing_source_is_recorded_only_at_the_last_attempt() {
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {}).import(1);
    for (wait_policy, runs) in [
        (WaitPolicy::CallerRetries, 1),
        (WaitPolicy::CallerRetries, 1),
        (WaitPolicy::LastAttempt, 2),
    ] {
        let request = ImportRequest {
            job: &insurer.job,
            date: Some(date(2)),
            from: None,
            dry_run: false,
            data_dir: &insurer.data(),
            now: "2024-12-31T21:00:00Z".parse().unwrap(),
            cancel: &Cancel::new(),
            wait_policy,
            accept_unchanged: false,
            backup: true,
            refused: None,
        };
        let outcome = pipeline::import(&request, &Quiet, &NoReports);
        assert!(matches!(outcome, Err(RunError::Fetch(e)) if crate::fetch::waiting_helps(&e)));
        assert_eq!(insurer.one::<i64>("select count(*) from run"), runs);
    }
}

#[test]
fn a_refusal_says_if_the_missing_rows_are_the_end_of_the_file_published_before() {
    let note = |report: &RunReport| {
        let reasons: Vec<&str> = report.reasons.iter().map(|r| r.message.en.as_ref()).collect();
        assert!(reasons.iter().any(|reason| reason.contains("agent rows gone")), "{reasons:?}");
        reasons.iter().any(|reason| {
            reason.contains("the 60 missing agents are the last 60 of the former file")
        })
    };
    let cut = |lines: &mut Vec<String>| lines.truncate(lines.len() - 60);
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {});
    assert_eq!(insurer.import(1).verdict, Verdict::Published);
    assert!(note(&insurer.deliver(2, cut).import(2)));
    let scattered = |lines: &mut Vec<String>| drop(lines.drain(200..260));
    assert!(!note(&insurer.deliver(3, scattered).import(3)));
    let packed = Insurer::new("");
    packed.deliver(1, |_| {});
    let plain = packed.folder.path().join("plain");
    fs::rename(packed.delivery(1), &plain).unwrap();
    crate::explain::gzip(&plain, &packed.delivery(1));
    assert_eq!(packed.import(1).verdict, Verdict::Published);
    assert!(note(&packed.deliver(2, cut).import(2)), "of a file that came packed");
    // Without the archived file nothing is known of the order of its lines.
    fs::remove_dir_all(insurer.data().join(format!("t/archive/{}", date(1)))).unwrap();
    assert!(!note(&insurer.deliver(4, cut).import(4)));
}

#[test]
fn a_run_tells_the_rows_and_the_share_of_each_stage_that_counts_them() {
    /// What was told, by stage.
    #[derive(Default)]
    struct Told(std::sync::Mutex<Vec<(&'static str, Vec<(u64, u8)>)>>);
    impl fetch::Progress for Told {
        fn file(&self, _: Feed, _: Option<u64>) {}
        fn bytes(&self, _: Feed, _: u64) {}
    }
    impl Progress for Told {
        fn stage(&self, stage: Stage) {
            self.0.lock().unwrap().push((stage.name(), Vec::new()));
        }
        fn rows(&self, done: u64, percent: u8) {
            self.0.lock().unwrap().last_mut().unwrap().1.push((done, percent));
        }
    }
    let insurer = Insurer::new("");
    insurer.deliver(1, |_| {});
    let told = Told::default();
    let request = ImportRequest {
        job: &insurer.job,
        date: Some(date(1)),
        from: None,
        dry_run: false,
        data_dir: &insurer.data(),
        now: "2024-12-31T18:30:00Z".parse().unwrap(),
        cancel: &Cancel::new(),
        wait_policy: WaitPolicy::WaitForFiles,
        accept_unchanged: false,
        backup: true,
        refused: None,
    };
    let report = pipeline::import(&request, &told, &NoReports).unwrap();
    let rows: u64 = report.files.iter().map(|file| file.rows).sum();
    for (stage, told) in told.0.into_inner().unwrap() {
        if stage == "fetch" {
            assert!(told.is_empty(), "its bytes are told");
            continue;
        }
        assert!(told.is_sorted(), "{stage}: {told:?}");
        let (done, percent) = *told.last().unwrap();
        match stage {
            // Without the headers, which are read before.
            "parse" => assert!(done == rows && percent >= 90, "{told:?}"),
            "check" => assert_eq!((done, percent), (rows, 100)),
            _ => assert!(done > rows && percent == 100, "{stage}: {told:?}"),
        }
    }
}
