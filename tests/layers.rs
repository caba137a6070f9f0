//! Imports run one way: between the modules of the library, and between the files of the crate.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use imports::{Files, cycles};

/// What each module of the library may import, in the order of `lib.rs`. A new entry is a decision about the
/// architecture: say why in `lib.rs`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("disk", &["model"]),
    ("sqlite", &[]),
    ("tls", &["model"]),
    ("http", &["model", "tls"]),
    ("config", &["model"]),
    ("fetch", &["model", "disk", "tls", "config"]),
    ("decode", &["config"]),
    ("parse", &["model", "config", "decode"]),
    ("keys", &[]),
    ("delivery", &["model", "config", "parse", "keys"]),
    ("links", &["model", "config", "delivery"]),
    ("forest", &[]),
    ("trees", &["model", "config", "delivery", "links", "forest"]),
    ("timeline", &[]),
    ("events", &["timeline"]),
    ("headcount", &["forest", "timeline"]),
    ("rules", &["model", "config", "parse", "delivery", "links", "forest", "trees"]),
    ("causes", &["model", "config", "parse", "delivery", "links", "forest", "trees", "rules"]),
    ("gate", &["model", "config"]),
    (
        "store",
        &["model", "disk", "sqlite", "tls", "config", "timeline", "events", "headcount", "gate"],
    ),
    ("dated", &["model", "config", "trees", "store"]),
    ("analyst", &["model", "store"]),
    ("propose", &["model", "config", "decode", "parse"]),
    (
        "pipeline",
        &[
            "model", "disk", "config", "fetch", "decode", "parse", "keys", "delivery", "links",
            "trees", "rules", "causes", "gate", "store", "propose",
        ],
    ),
    ("report", &["model", "disk"]),
    ("reporting", &["model", "config", "fetch", "rules", "pipeline", "report"]),
    ("export", &["model", "disk", "config", "store", "dated", "report"]),
    // The tables of a date as export reads them; nothing of runs.
    ("lake", &["model", "disk", "tls", "http", "config", "store", "dated", "export"]),
    ("sample", &["model", "config"]),
    ("wecom", &["model", "disk", "sqlite", "tls", "http", "config", "store"]),
    ("alert", &["model", "disk", "tls", "http", "config", "rules", "pipeline", "report"]),
    ("metrics", &["model", "store", "alert"]),
    (
        "doctor",
        &[
            "model", "disk", "tls", "http", "config", "fetch", "parse", "propose", "report",
            "wecom", "alert",
        ],
    ),
    (
        "daemon",
        &[
            "model",
            "disk",
            "config",
            "fetch",
            "rules",
            "store",
            "pipeline",
            "report",
            "reporting",
            "lake",
            "alert",
        ],
    ),
    ("web", &["model", "config", "store", "wecom", "metrics"]),
];

/// What the files of a folder inside a module may import of the rest of that module. `config/job` and `config/schema`
/// share the words for dialects.
const ALLOWED_INSIDE: &[(&str, &[&str])] = &[
    ("alert/send", &["document", "markdown"]),
    ("config/job", &["dialect"]),
    ("config/schema", &["dialect"]),
    ("daemon/scheduler", &["interrupted_run", "ledger", "log_entry", "plan"]),
    ("doctor/render", &["checklist", "step", "subject"]),
    (
        "fetch/download",
        &[
            "deadline",
            "digest",
            "error",
            "expected_files",
            "part",
            "progress",
            "raw",
            "remote",
            "request",
            "throttle",
        ],
    ),
    (
        "fetch/session",
        &["data_blocked", "deadline", "dialling", "error", "names", "remote", "reply"],
    ),
    ("fetch/sftp", &["deadline", "error", "remote", "reply"]),
    ("report/explanation", &["formatting", "layout"]),
    ("report/html", &["formatting", "layout", "mask", "rule_page", "view"]),
    ("report/terminal", &["formatting", "layout", "queries", "snippet", "view", "xlsx"]),
    ("report/view", &["formatting", "layout"]),
    ("report/xlsx", &["formatting", "layout", "rule_page"]),
    ("rules/business", &["accepted_rows", "context", "rule", "sink"]),
    ("rules/file", &["context", "rule", "sink"]),
    ("rules/key", &["context", "rule", "sink", "value"]),
    ("rules/name", &["accepted_rows", "context", "rule", "sink"]),
    ("rules/record", &["context", "rule", "sink"]),
    ("rules/reference", &["context", "rule", "sink"]),
    ("rules/snapshot", &["accepted_rows", "context", "rule", "sink"]),
    ("rules/tree", &["context", "rule", "sink"]),
    ("rules/value", &["context", "rule", "sink"]),
    ("sample/churn", &["offices", "places", "roster", "seeded_rng", "teams"]),
    ("sample/defects", &["company", "delivery", "row", "seeded_rng"]),
    // The API names the address that the archive refused.
    ("wecom/archive", &["api"]),
    (
        "store/postgres",
        &[
            "ages",
            "branches",
            "claim_keeper",
            "current_rows",
            "claim_keeper",
            "date_list",
            "delivered_rows",
            "derivation",
            "derived_columns",
            "earlier_findings",
            "error",
            "feed_table",
            "headcount_change",
            "identifier",
            "keys",
            "made_by",
            "previous_rows",
            "record",
            "retraction_record",
            "rows",
            "run_claim",
            "snapshot",
            "sqlite",
            "stored_event",
            "stored_feed",
            "stored_key",
            "transaction",
            "tree_layout",
            "trees",
        ],
    ),
    (
        "store/sqlite",
        &[
            "ages",
            "branches",
            "claim_keeper",
            "current_rows",
            "claim_keeper",
            "date_list",
            "dates",
            "delivered_rows",
            "derivation",
            "derived_columns",
            "earlier_findings",
            "error",
            "feed_table",
            "headcount_change",
            "identifier",
            "keys",
            "made_by",
            "previous_rows",
            "record",
            "retraction_record",
            "rows",
            "run_claim",
            "run_row",
            "snapshot",
            "stored_event",
            "stored_feed",
            "stored_key",
            "transaction",
            "tree_layout",
            "trees",
        ],
    ),
    ("wecom/roster", &["api", "store"]),
    ("wecom/state", &["event"]),
    ("wecom/store", &["event", "state"]),
];

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The files of `src/`, each by its path below it, with its text.
fn source() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let text = |path: PathBuf| {
        let inside = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        (inside, fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(text).collect()
}

/// The modules of the library in the order of `lib.rs`.
fn modules(lib: &str) -> Vec<&str> {
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect()
}

/// Which imports between the top-level modules are not in `allowed`.
fn forbidden(files: &Files, allowed: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (from, to) in files.imports() {
        let (from, to) = (files.top_level(from), files.top_level(to));
        // The binary may use everything; nothing of the library can name it.
        if from == to || ["main", "lib", "cli"].contains(&from) {
            continue;
        }
        match allowed.get(from) {
            Some(may) if may.contains(to) => {}
            Some(_) => _ = found.insert(format!("{from} must not import {to}")),
            None => _ = found.insert(format!("{from} is not in ALLOWED")),
        }
    }
    found.into_iter().collect()
}

#[test]
fn modules_import_only_the_allowed_modules_above_them_in_lib_rs() {
    let source = source();
    let lib = &source.iter().find(|(name, _)| name == "lib.rs").unwrap().1;
    let order: Vec<&str> = ALLOWED.iter().map(|(module, _)| *module).collect();
    assert_eq!(modules(lib), order, "ALLOWED lists the modules of lib.rs in their order");
    let above = |module: &str| order.iter().position(|m| *m == module);
    for (module, may) in ALLOWED {
        for import in *may {
            assert!(above(import) < above(module), "{import} stands below {module} in lib.rs");
        }
    }
    let allowed = ALLOWED.iter().map(|(module, may)| (*module, may.iter().copied().collect()));
    let files = Files::new(&source);
    let faults = forbidden(&files, &allowed.collect());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let imports: BTreeSet<(&str, &str)> =
        files.imports().map(|(from, to)| (files.top_level(from), files.top_level(to))).collect();
    let unused =
        ALLOWED.iter().flat_map(|(module, may)| may.iter().map(|import| (*module, *import)));
    let unused: Vec<_> = unused.filter(|import| !imports.contains(import)).collect();
    assert!(unused.is_empty(), "allowed, but not imported: {unused:?}");
}

/// Which imports of the folders inside modules are not in `allowed`. The unit tests of a folder may use all of it.
fn forbidden_inside(files: &Files, allowed: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (from, to) in files.imports() {
        let parts: Vec<&str> = from.split('/').collect();
        let [module, folder, _, ..] = parts.as_slice() else { continue };
        let unit = to.trim_end_matches(".rs").split('/').nth(1).unwrap_or("mod");
        let own = to.starts_with(&format!("{module}/{folder}"));
        if *module == "cli" || *folder == "tests" || files.top_level(to) != *module || own {
            continue;
        }
        let folder = format!("{module}/{folder}");
        if !allowed.get(folder.as_str()).is_some_and(|may| may.contains(unit)) {
            found.insert(format!("{folder} must not import {unit}"));
        }
    }
    found.into_iter().collect()
}

#[test]
fn folders_inside_modules_import_only_what_they_are_allowed() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED_INSIDE
        .iter()
        .map(|(folder, may)| (*folder, may.iter().copied().collect()))
        .collect();
    let files = Files::new(&source());
    let faults = forbidden_inside(&files, &allowed);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let needed = forbidden_inside(&files, &BTreeMap::new());
    let unused: Vec<String> = ALLOWED_INSIDE
        .iter()
        .flat_map(|(folder, may)| may.iter().map(move |import| (folder, import)))
        .filter(|(folder, import)| !needed.contains(&format!("{folder} must not import {import}")))
        .map(|(folder, import)| format!("{folder}: {import}"))
        .collect();
    assert!(unused.is_empty(), "allowed, but not imported: {unused:?}");
    let planted = [
        ("alert/send/http.rs".to_owned(), "use crate::alert::dispatcher::X;".to_owned()),
        ("alert/dispatcher.rs".to_owned(), String::new()),
    ];
    assert_eq!(
        forbidden_inside(&Files::new(&planted), &allowed),
        ["alert/send must not import dispatcher"]
    );
}

#[test]
fn no_files_of_the_crate_import_each_other_in_a_circle() {
    let source = source();
    assert!(source.len() > 100, "all files of src/ are read");
    let files = Files::new(&source);
    let circles = cycles(&files);
    let lines: Vec<String> = circles.iter().map(|circle| circle.join(" -> ")).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn a_planted_import_of_a_module_that_is_not_allowed_is_found() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        [("model", BTreeSet::new()), ("parse", ["model"].into()), ("rules", ["parse"].into())]
            .into();
    let cases = [
        ("parse.rs", "use crate::model::Feed;", None),
        ("parse/cast.rs", "use crate::model::Feed;", None),
        ("parse.rs", "    let x = crate::rules::find();", Some("parse must not import rules")),
        ("rules.rs", "use crate::{model::Feed, parse};", Some("rules must not import model")),
        ("parse.rs", "// see crate::rules", None),
        ("other.rs", "use crate::model;", Some("other is not in ALLOWED")),
    ];
    for (name, text, fault) in cases {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let mut source: Vec<(String, String)> =
            ["model.rs", "parse.rs", "rules.rs"].map(|name| file(name, "")).into();
        source.retain(|(other, _)| other != name);
        source.push(file(name, text));
        let found = forbidden(&Files::new(&source), &allowed);
        assert_eq!(found, Vec::from_iter(fault.map(str::to_owned)), "{name}: {text}");
    }
}

#[test]
fn a_planted_circle_of_files_is_found() {
    let file = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    type Case<'c> = (&'c [(&'c str, &'c str)], Option<&'c [&'c str]>);
    let cases: [Case<'_>; 7] = [
        (&[("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")], None),
        (
            &[("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")],
            Some(&["a.rs", "b.rs", "a.rs"]),
        ),
        // A parent that only re-exports is passed through to where the item is.
        (
            &[
                ("a/mod.rs", "mod x;\nmod y;\npub use x::X;\nuse y::go;"),
                ("a/x.rs", "pub struct X;"),
                ("a/y.rs", "use super::X;"),
            ],
            None,
        ),
        // A parent that defines what its child uses, and uses the child.
        (
            &[
                ("a.rs", "mod x;\nuse x::go;\npub struct A;"),
                ("a/x.rs", "use super::A;\npub fn go() {}"),
            ],
            Some(&["a.rs", "a/x.rs", "a.rs"]),
        ),
        (
            &[
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "use crate::c::C;"),
                ("c.rs", "fn f() { crate::a::go() }"),
            ],
            Some(&["a.rs", "b.rs", "c.rs", "a.rs"]),
        ),
        // A path through the name of an imported module, whose file only declares.
        (
            &[
                ("a.rs", "use crate::b;\nfn f() { b::x::go() }\npub struct A;"),
                ("b/mod.rs", "pub mod x;"),
                ("b/x.rs", "use crate::a::A;\npub fn go() {}"),
            ],
            Some(&["a.rs", "b/x.rs", "a.rs"]),
        ),
        // The tests inside a file say `super` for the file itself.
        (
            &[
                ("a.rs", "mod x;\nuse x::X;"),
                ("a/x.rs", "#[cfg(test)]\nmod tests {\n    use super::X;\n}"),
            ],
            None,
        ),
    ];
    for (source, circle) in cases {
        let source: Vec<(String, String)> = source.iter().copied().map(file).collect();
        let found = cycles(&Files::new(&source));
        let names =
            |circle: &[&str]| circle.iter().map(ToString::to_string).collect::<Vec<String>>();
        let expected = Vec::from_iter(circle.map(names));
        assert_eq!(found, expected, "{source:?}");
    }
}

#[test]
fn each_file_says_its_subject_has_a_specific_name_and_stays_below_the_cap() {
    for (name, text) in source() {
        let stem = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        let vague = ["util", "utils", "helpers", "common", "misc", "types"];
        assert!(!vague.contains(&stem), "{name}");
        assert!(text.starts_with("//!"), "{name} does not say its subject");
        // The cap is a soft one; half as much again is not.
        assert!(text.lines().count() <= 450, "{name} has {} lines", text.lines().count());
    }
}
