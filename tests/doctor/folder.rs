//! Files in a folder of this machine that are there and are no delivery.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::absent::{doctor, document};

/// The step 五.6 of a job that reads a folder with the example's files, changed by `change`.
fn source_files(change: impl Fn(&Path)) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export");
    fs::create_dir(&export).unwrap();
    for name in ["agent", "base_node", "organization", "principal"] {
        let name = format!("temp_{name}.txt");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds/demo").join(&name);
        fs::write(export.join(&name), fs::read(from).unwrap()).unwrap();
    }
    change(&export.join("temp_agent.txt"));
    let job = "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"export\"\n";
    fs::write(folder.path().join("x.toml"), job).unwrap();
    let document = document(&doctor(folder.path(), &["--json", "x.toml"]));
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == "source-files").unwrap().clone()
}

#[test]
fn files_of_a_folder_that_are_empty_old_of_the_future_or_folders_are_told_without_a_freshness() {
    let dated = |path: &Path, time| {
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    let (now, day) = (SystemTime::now(), Duration::from_secs(86_400));
    type Change<'a> = &'a dyn Fn(&Path);
    let cases: [(Change<'_>, &str, &str); 6] = [
        (&|_| (), "ok", "temp_agent.txt 2"),
        (&|path| fs::write(path, "").unwrap(), "failed", "temp_agent.txt is empty"),
        (
            &|path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "failed",
            "temp_agent.txt cannot be read",
        ),
        (&|path| dated(path, now - day * 4), "failed", "4 days old"),
        (&|path| dated(path, now + day * 4), "failed", "3 days later"),
        (&|path| dated(path, now + day / 3), "not-checkable", "7 hours later"),
    ];
    for (change, state, words) in cases {
        let step = source_files(change);
        assert_eq!(step["state"], state, "{step:#}");
        assert!(step["seen"]["en"].as_str().unwrap().contains(words), "{step:#}");
    }
}
