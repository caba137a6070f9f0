//! Deliveries that came in a zip file.

use std::fs;
use std::io::Write as _;

use orgsnap::model::{ArchiveState, Feed};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{explain, keys, orgsnap};
use crate::life::{Insurer, deliver};
use crate::naive::FEEDS;

#[test]
fn the_zip_file_is_named_as_what_was_delivered_and_the_file_within_it() {
    let folder = tempfile::tempdir().unwrap();
    let (day, delivered) = (folder.path().join("day"), folder.path().join("delivered"));
    deliver(&day, "2024-11-20");
    fs::create_dir_all(&delivered).unwrap();
    let zip = delivered.join("hierarchy.zip");
    let mut writer = ZipWriter::new(fs::File::create(&zip).unwrap());
    for (_, file, _) in FEEDS {
        writer.start_file(file, SimpleFileOptions::default()).unwrap();
        writer.write_all(&fs::read(day.join(file)).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let mut insurer = Insurer::new("");
    insurer.import(&delivered, "2024-11-20");
    let id = &keys(&insurer, "select id from agent order by id")[0];
    let of_zip = |state: &dyn Fn(&ArchiveState) -> bool| {
        let explanation = explain(&insurer, Feed::Agent, id, None);
        let delivery = &explanation.deliveries[0];
        assert_eq!(delivery.file.name, "temp_agent.txt");
        assert_eq!(delivery.file.container.as_deref(), Some("hierarchy.zip"));
        assert_eq!(delivery.file.size, fs::metadata(&zip).unwrap().len());
        assert!(state(&delivery.archive), "{delivery:?}");
    };
    of_zip(&|state| *state == ArchiveState::Read { expanded: true });
    let said = |more: &[&str]| {
        let output = orgsnap(&insurer, &[&["agent", id.as_str()], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(said(&["--lang", "en"]).contains("file  hierarchy.zip (temp_agent.txt in it)"));
    let document: serde_json::Value = serde_json::from_str(&said(&["--json"])).unwrap();
    crate::schemas::assert_valid("explain", &document);
    assert_eq!(document["deliveries"][0]["file"]["container"], "hierarchy.zip");

    // With the list left, the zip file is still known, and it is what is gone.
    let run = &keys(&insurer, "select run from snapshot")[0];
    let archive = insurer.data().join("t/archive/2024-11-20").join(run);
    let packed = archive.join("hierarchy.zip.zst");
    fs::remove_file(&packed).unwrap();
    of_zip(&|state| *state == ArchiveState::Gone(packed.clone()));
    fs::remove_dir_all(&archive).unwrap();
    let explanation = explain(&insurer, Feed::Agent, id, None);
    assert_eq!(explanation.deliveries[0].archive, ArchiveState::Gone(archive));
}
