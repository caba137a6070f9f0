//! `orgsnap explain`: every record is led back to the bytes of the delivered file.

mod episodes;
mod zipped;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use orgsnap::config::job::{self, Job};
use orgsnap::model::{
    ArchiveState, Explanation, Feed, LineFate, RecordState, TraceRole, TreeEnd, Verdict,
};
use orgsnap::pipeline::{self, ExplainRequest, Explained};
use orgsnap::sample::{self, Charset, Defects, Options};

use crate::life::{Insurer, deliver, edit, set};
use crate::naive::{self, FEEDS};
use crate::oracle::Random;

const NAME: usize = 1;
const ENTERED: usize = 7;

fn ask(insurer: &Insurer, feed: Feed, id: &str, date: Option<&str>) -> Explained {
    let tenant_dir = insurer.data().join("t");
    let job: Option<&Job> = None;
    let date = date.map(|date| date.parse().unwrap());
    let request = ExplainRequest {
        tenant_dir: &tenant_dir,
        database: &tenant_dir.join("org.db"),
        job,
        feed,
        id,
        date,
    };
    pipeline::explain(&request).unwrap()
}

fn explain(insurer: &Insurer, feed: Feed, id: &str, date: Option<&str>) -> Explanation {
    match ask(insurer, feed, id, date) {
        Explained::Record(explanation) => *explanation,
        other => panic!("{id}: {other:?}"),
    }
}

fn file_of(feed: Feed) -> &'static str {
    FEEDS.into_iter().find(|(name, ..)| *name == feed.name()).unwrap().1
}

fn keys(insurer: &Insurer, sql: &str) -> Vec<String> {
    let db = insurer.db();
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The lines of a record in the delivery of a role: number, what became of it.
fn lines(explanation: &Explanation, role: TraceRole) -> Vec<(u64, LineFate)> {
    let delivery = explanation.deliveries.iter().find(|delivery| delivery.role == role);
    let lines = delivery.iter().flat_map(|delivery| &delivery.lines);
    lines.map(|line| (line.line, line.fate.clone())).collect()
}

/// That what is printed stands at the offset in the file, which has its lines as the naive model cuts them.
fn assert_at_offset(
    explanation: &Explanation,
    files: &BTreeMap<String, PathBuf>,
    charset: Charset,
) {
    let encoding = match charset {
        Charset::Gb18030 | Charset::Gbk => encoding_rs::GB18030,
        Charset::Utf8 | Charset::Utf8Bom => encoding_rs::UTF_8,
        Charset::Utf16Le => encoding_rs::UTF_16LE,
        Charset::Utf16Be => encoding_rs::UTF_16BE,
    };
    for delivery in &explanation.deliveries {
        let path = files[&delivery.date.to_string()].join(file_of(explanation.feed));
        let bytes = fs::read(path).unwrap();
        // One of the planted defects is a file with CR alone.
        let cut = |end| naive::lines_of(&bytes, charset, end).0;
        let naive = Some(cut(b'\n')).filter(|lines| lines.len() > 1).unwrap_or_else(|| cut(b'\r'));
        assert!(matches!(delivery.archive, ArchiveState::Read { .. }), "{delivery:?}");
        for line in &delivery.lines {
            let at = line.bytes.clone().unwrap();
            let raw = &bytes[at.start as usize..at.end as usize];
            assert_eq!(
                encoding.decode_without_bom_handling(raw).0,
                line.text,
                "{}",
                explanation.id
            );
            assert_eq!(naive[line.line as usize - 1].0, line.text);
            let (_, _, fields) =
                FEEDS.into_iter().find(|(name, ..)| *name == explanation.feed.name()).unwrap();
            let names: Vec<&str> = fields.split_whitespace().collect();
            let cells: Vec<&str> = line.text.split('|').collect();
            let expected: Vec<(Option<&str>, &str)> = cells
                .iter()
                .enumerate()
                .map(|(at, cell)| (names.get(at).copied(), *cell))
                .collect();
            let shown: Vec<(Option<&str>, &str)> = line
                .fields
                .iter()
                .map(|field| {
                    assert_eq!(&line.text[field.at.clone()], field.value);
                    (field.name.as_ref().map(|(name, _)| name.as_str()), field.value.as_str())
                })
                .collect();
            assert_eq!(shown, expected);
        }
    }
}

pub(crate) fn gzip(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for (_, file, _) in FEEDS {
        let packed = fs::File::create(to.join(format!("{file}.gz"))).unwrap();
        let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        packer.write_all(&fs::read(from.join(file)).unwrap()).unwrap();
        packer.finish().unwrap();
    }
}

#[test]
fn the_printed_line_stands_at_its_offset_in_the_delivered_file_in_every_encoding_and_packed() {
    let cases = [
        (Charset::Gb18030, false),
        (Charset::Utf16Le, false),
        (Charset::Utf16Be, true),
        (Charset::Utf8Bom, false),
        (Charset::Gb18030, true),
    ];
    for (seed, (charset, packed)) in (0u64..).zip(cases) {
        let folder = tempfile::tempdir().unwrap();
        let mut insurer = Insurer::new("");
        let mut files = BTreeMap::new();
        for (date, defects) in [("2024-11-22", Defects::None), ("2024-11-23", Defects::All)] {
            let day = folder.path().join(date);
            let options = Options {
                agents: 1_100,
                seed: 7 + seed,
                charset,
                defects,
                ..Options::new("2024-11-22".parse().unwrap())
            };
            fs::create_dir_all(&day).unwrap();
            sample::write(&options, &day).unwrap();
            let delivered = match packed {
                true => folder.path().join(format!("{date}.gz")),
                false => day.clone(),
            };
            if packed {
                gzip(&day, &delivered);
            }
            let report = insurer.import(&delivered, date);
            assert_eq!(report.verdict, Verdict::Published, "{charset:?}: {:?}", report.reasons);
            files.insert(date.to_owned(), day);
        }
        let mut random = Random(seed);
        let mut seen = 0;
        for feed in Feed::ALL {
            let published = keys(&insurer, &format!("select id from {feed}_version"));
            let bad = keys(
                &insurer,
                &format!(
                    "select distinct key from quarantine where feed = '{feed}' and key is not null"
                ),
            );
            let some = (0..12).map(|_| random.of(&published).clone());
            for id in some.chain(bad.clone()) {
                let explanation = explain(&insurer, feed, &id, None);
                assert_at_offset(&explanation, &files, charset);
                let of_date = &explanation.deliveries[0];
                assert_eq!(of_date.archive, ArchiveState::Read { expanded: packed });
                seen += of_date.lines.len();
                let any_bad =
                    of_date.lines.iter().any(|line| matches!(line.fate, LineFate::Quarantined(_)));
                assert_eq!(any_bad, bad.contains(&id), "{id}");
            }
        }
        // Each of the twelve of a feed has one line at least.
        assert!(seen >= 48, "{seen}");
    }
}

/// Three days: on the second a row is bad, a new one is bad, one repeats, one has changed and one is gone.
fn three_days() -> (Insurer, tempfile::TempDir, BTreeMap<&'static str, String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut insurer = Insurer::new("");
    let mut ids = BTreeMap::new();
    for (at, date) in ["2024-11-20", "2024-11-21", "2024-11-23"].into_iter().enumerate() {
        let day = folder.path().join(date);
        deliver(&day, "2024-11-20");
        edit(&day, "temp_agent.txt", |lines| {
            let id = |line: &String| line.split('|').next().unwrap().to_owned();
            ids.insert("bad", id(&lines[5]));
            ids.insert("repeated", id(&lines[6]));
            ids.insert("changed", id(&lines[7]));
            ids.insert("plain", id(&lines[8]));
            ids.insert("gone", id(lines.last().unwrap()));
            ids.insert("new bad", "N1".to_owned());
            if at > 0 {
                set(lines, 5, ENTERED, "2024-02-30");
                set(lines, 7, NAME, "改名");
                lines.pop();
                lines.push(lines[6].clone());
                lines.push(lines[8].clone());
                let last = lines.len() - 1;
                set(lines, last, 0, "N1");
                set(lines, last, ENTERED, "x");
            }
        });
        let report = insurer.import(&day, date);
        assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    }
    (insurer, folder, ids)
}

fn date(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

#[test]
fn what_became_of_a_record_is_told_for_each_date() {
    let (insurer, _folder, ids) = three_days();
    let on = |name: &str, date: Option<&str>| explain(&insurer, Feed::Agent, &ids[name], date);
    let bad = LineFate::Quarantined(vec!["V203".to_owned()]);

    let carried = on("bad", None);
    assert_eq!(carried.state, RecordState::Carried { since: date("2024-11-21") });
    assert_eq!(lines(&carried, TraceRole::OfDate), [(6, bad.clone())]);
    assert_eq!(lines(&carried, TraceRole::LastGood), [(6, LineFate::Published)]);
    assert_eq!(carried.deliveries[1].date, date("2024-11-20"));
    assert_eq!(carried.carried, [(date("2024-11-21"), None)]);
    let ages: Vec<_> = carried.findings.iter().map(|f| (f.code.as_str(), f.deliveries)).collect();
    assert_eq!(ages, [("V203", Some(2))]);
    // On the first day it was good, and what came later is not told of as before.
    let before = on("bad", Some("2024-11-20"));
    assert_eq!(before.state, RecordState::Published { since: date("2024-11-20") });
    assert_eq!((before.findings, before.earlier_findings), (Vec::new(), Vec::new()));

    let fresh = on("new bad", None);
    assert_eq!(fresh.state, RecordState::Quarantined);
    let last = lines(&fresh, TraceRole::OfDate);
    assert_eq!((last.len(), &last[0].1), (1, &bad));
    assert!(fresh.places.is_empty() && fresh.versions.is_empty());
    let absent = on("new bad", Some("2024-11-20"));
    assert_eq!(absent.state, RecordState::Absent { since: None });

    let repeated = on("repeated", Some("2024-11-22"));
    assert_eq!(repeated.date, date("2024-11-21"));
    let twice = lines(&repeated, TraceRole::OfDate);
    let fates: Vec<&LineFate> = twice.iter().map(|(_, fate)| fate).collect();
    assert_eq!(fates, [&LineFate::Published, &LineFate::Repeated]);
    assert_eq!(repeated.findings[0].code, "K302");

    let changed = on("changed", None);
    assert_eq!(changed.state, RecordState::Published { since: date("2024-11-21") });
    assert_eq!(changed.versions.len(), 2);
    let change = &changed.versions[1].changes[0];
    assert_eq!((change.column.as_str(), change.to.as_deref()), ("agent_name", Some("改名")));

    let gone = on("gone", None);
    assert_eq!(gone.state, RecordState::Absent { since: Some(date("2024-11-21")) });
    assert_eq!(lines(&gone, TraceRole::OfDate), []);
    assert_eq!(lines(&gone, TraceRole::LastGood), [(61, LineFate::Published)]);
    let there = on("gone", Some("2024-11-20"));
    assert_eq!(there.state, RecordState::Published { since: date("2024-11-20") });
}

#[test]
fn findings_that_a_record_had_before_are_told_with_their_last_date() {
    let (mut insurer, folder, ids) = three_days();
    let clean = folder.path().join("clean");
    deliver(&clean, "2024-11-20");
    insurer.import(&clean, "2024-11-25");
    let explanation = explain(&insurer, Feed::Agent, &ids["bad"], None);
    assert_eq!(explanation.state, RecordState::Published { since: date("2024-11-20") });
    let before: Vec<_> = explanation
        .earlier_findings
        .iter()
        .map(|(last, f)| (*last, f.code.as_str(), f.first_seen.as_deref(), f.deliveries))
        .collect();
    assert_eq!(before, [(date("2024-11-23"), "V203", Some("2024-11-21"), Some(2))]);
    assert_eq!(explanation.carried, [(date("2024-11-21"), Some(date("2024-11-25")))]);
}

#[test]
fn a_file_that_is_gone_from_the_archive_or_was_changed_is_said_and_the_rest_is_shown() {
    let (insurer, _folder, ids) = three_days();
    let run = &keys(&insurer, "select run from snapshot where business_date = '2024-11-23'")[0];
    let folder = insurer.data().join("t/archive/2024-11-23").join(run);
    let packed = folder.join("temp_agent.txt.zst");
    let good = fs::read(&packed).unwrap();

    fs::write(&packed, zstd::encode_all(&b"other"[..], 1).unwrap()).unwrap();
    let changed = explain(&insurer, Feed::Agent, &ids["bad"], None);
    assert!(matches!(changed.deliveries[0].archive, ArchiveState::Unusable(_)), "{changed:?}");

    // The manifest agrees with other bytes, the database does not.
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let recorded = changed.deliveries[0].file.sha256.clone().unwrap();
    let forged = fs::read(
        insurer
            .data()
            .join("t/archive/2024-11-20")
            .join(&keys(&insurer, "select run from snapshot where business_date = '2024-11-20'")[0])
            .join("temp_agent.txt.zst"),
    )
    .unwrap();
    let bytes = zstd::decode_all(&forged[..]).unwrap();
    let other = &keys(
        &insurer,
        "select f.sha256 from source_file f join snapshot s on s.run = f.run \
        where f.feed = 'agent' and s.business_date = '2024-11-20'",
    )[0];
    let size = &keys(
        &insurer,
        "select cast(f.size as text) from source_file f join snapshot s on s.run = f.run \
        where f.feed = 'agent' and s.business_date = '2024-11-23'",
    )[0];
    let replaced = text.replace(&recorded, other).replacen(size, &bytes.len().to_string(), 1);
    fs::write(&manifest, replaced).unwrap();
    fs::write(&packed, &forged).unwrap();
    let forged = explain(&insurer, Feed::Agent, &ids["bad"], None);
    let ArchiveState::Unusable(why) = &forged.deliveries[0].archive else { panic!("{forged:?}") };
    assert!(why.en.contains(other.as_str()), "{why:?}");

    fs::write(&manifest, text).unwrap();
    fs::write(&packed, good).unwrap();
    fs::remove_file(&packed).unwrap();
    let gone = explain(&insurer, Feed::Agent, &ids["bad"], None);
    assert_eq!(gone.deliveries[0].archive, ArchiveState::Gone(packed));
    let line = &gone.deliveries[0].lines[0];
    assert!(line.text.starts_with(&ids["bad"]) && line.bytes.is_none());
    assert!(!gone.values.is_empty() && !gone.places.is_empty() && !gone.findings.is_empty());
    // The files of other feeds are not needed, and are there.
    let organ = &keys(&insurer, "select id from organ order by id")[0];
    let organ = explain(&insurer, Feed::Organ, organ, None);
    assert_eq!(organ.deliveries[0].archive, ArchiveState::Read { expanded: false });

    fs::remove_dir_all(&folder).unwrap();
    let text = orgsnap(&insurer, &["agent", &ids["plain"], "--lang", "en"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("is not there any more") && text.contains("the values of the snapshot"),
        "{text}"
    );
}

#[test]
fn places_are_those_of_the_stored_trees() {
    let folder = tempfile::tempdir().unwrap();
    let mut insurer = Insurer::new("");
    let options = Options {
        agents: 1_100,
        defects: Defects::All,
        ..Options::new("2024-11-20".parse().unwrap())
    };
    sample::write(&options, folder.path()).unwrap();
    assert_eq!(insurer.import(folder.path(), "2024-11-20").verdict, Verdict::Published);
    let mut cycles = 0;
    for (feed, forest) in [
        (Feed::Agent, "recruit"),
        (Feed::Node, "node"),
        (Feed::Node, "mentor"),
        (Feed::Organ, "organ"),
    ] {
        let db = insurer.db();
        let sql = format!("select id, parent_id from {forest}_tree");
        let mut statement = db.prepare(&sql).unwrap();
        let parents: BTreeMap<String, Option<String>> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let in_cycles = keys(
            &insurer,
            &format!("select key from finding where code = 'T601' and feed = '{feed}'"),
        );
        for id in parents.keys().step_by(9).chain(&in_cycles) {
            let explanation = explain(&insurer, feed, id, None);
            let place = explanation.places.iter().find(|p| p.forest == forest && p.by.is_none());
            let place = place.unwrap();
            let above: Vec<&str> = place.above.iter().map(|step| step.id.as_str()).collect();
            let mut expected = Vec::new();
            let mut at = id;
            while let Some(parent) = &parents[at] {
                expected.push(parent.as_str());
                at = parent;
            }
            assert_eq!(above, expected, "{forest} {id}");
            cycles += usize::from(place.end == TreeEnd::Cycle);
        }
    }
    assert!(cycles > 0);
    let agent = &keys(&insurer, "select id from agent where carried_since is null order by id")[0];
    let explanation = explain(&insurer, Feed::Agent, agent, None);
    let by = |column: &str| {
        let place =
            explanation.places.iter().find(|p| p.by.as_ref().is_some_and(|b| b.0 == column));
        place.unwrap().above.iter().map(|s| s.name.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(by("working_organ_id").last().unwrap(), "示例人寿总公司");
    assert!(by("working_node_id").len() > 1);
}

fn orgsnap(insurer: &Insurer, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .arg("explain")
        .args(arguments)
        .arg("--data")
        .arg(insurer.data())
        .output()
        .unwrap()
}

#[test]
fn an_unknown_id_names_near_ones_and_ends_with_exit_code_2() {
    let (insurer, _folder, ids) = three_days();
    let near = format!("{}9", ids["plain"]);
    let output = orgsnap(&insurer, &["agent", &near, "--lang", "en"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&ids["plain"]) && said.contains("compared as text"), "{said}");
    // Another feed has it; and as text it is another id with zeros before it.
    let output = orgsnap(&insurer, &["node", &ids["plain"], "--lang", "zh"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("orgsnap explain agent {}", ids["plain"])), "{said}");
    let zeros = format!("00{}", ids["plain"]);
    assert!(matches!(ask(&insurer, Feed::Agent, &zeros, None), Explained::Unknown { near, .. }
        if near[0] == ids["plain"]));
    let early = orgsnap(&insurer, &["agent", &ids["plain"], "--as-of", "2024-11-19"]);
    assert_eq!(early.status.code(), Some(2));
    let empty = Insurer::new("");
    fs::create_dir_all(empty.data()).unwrap();
    assert_eq!(orgsnap(&empty, &["agent", "1"]).status.code(), Some(2));
}

#[test]
fn the_explanation_is_printed_as_text_in_both_languages_and_as_json() {
    let (insurer, _folder, ids) = three_days();
    for name in ids.keys() {
        for language in ["zh", "en"] {
            let output = orgsnap(&insurer, &["agent", &ids[name], "--lang", language]);
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains(&ids[name]) && text.contains("temp_agent.txt"), "{text}");
        }
        let output = orgsnap(&insurer, &["agent", &ids[name], "--json", "--tenant", "t"]);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        crate::schemas::assert_valid("explain", &document);
    }
    let output = orgsnap(&insurer, &["agent", &ids["bad"], "--lang", "en"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "carried: since 2024-11-21",
        "byte offset",
        "quarantined (V203)",
        "since 2024-11-21, 2 deliveries",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_job_of_its_own_schema_is_needed_to_cut_its_files_into_fields() {
    let folder = tempfile::tempdir().unwrap();
    let job = folder.path().join("job.toml");
    let day = folder.path().join("day");
    deliver(&day, "2024-11-20");
    for file in ["organization", "principal", "base_node", "agent"] {
        edit(&day, &format!("temp_{file}.txt"), |lines| lines.insert(0, "一份名册".to_owned()));
    }
    fs::write(&job, "tenant = 't'\n[format]\nskip_lines = 1\n").unwrap();
    let parsed = job::load(&job, &|_| None).unwrap();
    let data = folder.path().join("data");
    let report = crate::quiet::import(&parsed, &data, (&day, "2024-11-20"), false);
    assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    let db = rusqlite::Connection::open(data.join("t/org.db")).unwrap();
    let id: String =
        db.query_row("select id from agent order by id limit 1", [], |row| row.get(0)).unwrap();
    let ask = |job: Option<&Job>| {
        let tenant_dir = data.join("t");
        let request = ExplainRequest {
            tenant_dir: &tenant_dir,
            database: &tenant_dir.join("org.db"),
            job,
            feed: Feed::Agent,
            id: &id,
            date: None,
        };
        match pipeline::explain(&request).unwrap() {
            Explained::Record(explanation) => explanation.deliveries[0].clone(),
            other => panic!("{other:?}"),
        }
    };
    let with = ask(Some(&parsed));
    assert_eq!(with.archive, ArchiveState::Read { expanded: false });
    assert_eq!(with.lines[0].fields[0].value, id);
}
