//! The JSON Schemas: every JSON output has one, they are written by the program, and they take what is really printed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> Value {
    let path = root().join(format!("schemas/{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(path).expect(name)).expect(name)
}

/// Fails with all faults unless the schema takes the document.
pub(crate) fn assert_valid(name: &str, document: &Value) {
    let validator = jsonschema::validator_for(&schema(name)).expect(name);
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert_eq!(faults, Vec::<String>::new(), "{name}: {document:#}");
}

fn orgsnap(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn job_takes(text: &str) -> bool {
    let job: toml::Table = toml::from_str(text).expect(text);
    let job = serde_json::to_value(job).expect(text);
    jsonschema::validator_for(&schema("job")).unwrap().is_valid(&job)
}

#[test]
fn the_program_writes_the_schemas_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    orgsnap(folder.path(), &["schemas", "written"]);
    let names = |folder: &Path| -> BTreeSet<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names
            .map(|name| name.into_string().unwrap())
            .filter(|name| name.ends_with(".json"))
            .collect()
    };
    let (written, kept) = (folder.path().join("written"), root().join("schemas"));
    assert_eq!(names(&written), names(&kept));
    for name in names(&kept) {
        let [written, kept] =
            [&written, &kept].map(|folder| fs::read_to_string(folder.join(&name)).unwrap());
        assert!(written == kept, "schemas/{name} is not what orgsnap schemas writes");
    }
}

#[test]
fn every_json_schema_is_of_draft_2020_12_and_describes_each_property() {
    for entry in fs::read_dir(root().join("schemas")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".schema.json") else { continue };
        let schema = schema(name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("urn:orgsnap:{name}"));
        jsonschema::meta::validate(&schema).expect(name);
    }
}

/// The names of the schemas of the verbs that print JSON, from the sources of the command line.
fn printing_verbs(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            printing_verbs(&path, &format!("{prefix}{}-", stem.replace('_', "-")), found);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && fs::read_to_string(&path).unwrap().contains("json: bool,\n}")
        {
            found.insert(format!("{prefix}{}", stem.replace('_', "-")));
        }
    }
}

#[test]
fn every_verb_that_prints_json_has_a_schema() {
    let mut verbs = BTreeSet::new();
    printing_verbs(&root().join("src/cli"), "", &mut verbs);
    // The options of `check` and `import`, which print the report.
    verbs.insert("report".to_owned());
    assert!(verbs.len() >= 9, "{verbs:?}");
    for verb in verbs {
        schema(&verb);
    }
}

#[test]
fn the_job_schema_takes_every_job_file_that_is_shown_or_written() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ftp", "ftps", "ftps-implicit", "sftp", "dir"] {
        orgsnap(folder.path(), &["init", &format!("{kind}.toml"), "--kind", kind]);
    }
    orgsnap(folder.path(), &["init", "full.toml", "--full"]);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(job_takes(&text), "{}", path.display());
        assert!(job_takes(&text.replace("\n#: ", "\n")), "{}", path.display());
        let misspelt = text.replacen("\ntimezone", "\ntime_zone", 1);
        assert_ne!(misspelt, text);
        assert!(!job_takes(&misspelt), "{}", path.display());
    }
    for file in ["jobs/demo.toml", "jobs/example.toml.sample"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(job_takes(&text), "{file}");
    }
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(root().join(readme)).unwrap();
        for job in text.split("```toml\n").skip(1) {
            assert!(job_takes(job.split("```").next().unwrap()), "{readme}");
        }
    }
    assert!(!job_takes("tenant = \"t\"\n[rules]\nlevel-gab = \"off\""));
}

#[test]
fn a_new_job_file_refers_to_the_schema_that_the_command_in_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["a.toml", "jobs/a.toml"] {
        for more in [&["--kind", "dir"][..], &["--full"]] {
            let _ = fs::remove_file(folder.path().join(file));
            orgsnap(folder.path(), &[&["init", file], more].concat());
            let text = fs::read_to_string(folder.path().join(file)).unwrap();
            let refers = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
            let schema = folder.path().join(file).parent().unwrap().join(refers);
            let target = text.split("orgsnap schemas ").nth(1).unwrap();
            let target = target.split_whitespace().next().unwrap();
            if !schema.exists() {
                orgsnap(folder.path(), &["schemas", target]);
            }
            assert!(schema.exists(), "{file}: {refers}");
        }
    }
}
