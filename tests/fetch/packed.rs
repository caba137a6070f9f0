//! Deliveries that come under other names, packed by gzip, or in one zip file.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use orgsnap::config::job::{self, Source};
use orgsnap::fetch::archive::{self, Label};
use orgsnap::fetch::{FetchError, Fetched};
use orgsnap::model::{Feed, RunId};
use orgsnap::sample::{self, Options};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::security::{Security, Version};
use super::vsftpd::{self, Vsftpd};
use super::{NAMES, account, date, fetch_into, file, with_retries};

/// A zip file with these members.
fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip file with the four files, each holding its own name, in a folder.
fn zip_of_four() -> Vec<u8> {
    let paths = NAMES.map(|name| format!("export/{}", name.to_uppercase()));
    let members: Vec<(&str, &[u8])> =
        paths.iter().zip(NAMES).map(|(path, name)| (path.as_str(), name.as_bytes())).collect();
    zipped(&members)
}

/// The file packed by the program gzip.
fn gzip(path: &Path) {
    let packed = Command::new("gzip").arg(path).status().unwrap();
    assert!(packed.success());
}

/// Each file holds its own name.
#[track_caller]
fn hold_their_names(source: &Source) {
    let dir = tempfile::tempdir().unwrap();
    let delivery = fetch_into(dir.path(), source).unwrap();
    for (feed, name) in Feed::ALL.into_iter().zip(NAMES) {
        assert_eq!(file(&delivery, feed).bytes(), name.as_bytes(), "{feed}");
    }
}

/// A folder source with further lines in its `[source]`.
fn folder(dir: &Path, more: &str) -> Source {
    let text =
        format!("tenant = 't'\n[source]\nkind = 'dir'\npath = '{}'\n{more}\n", dir.display());
    job::parse(Path::new("/nowhere/x.toml"), &text, &|_| None).unwrap().source.unwrap()
}

/// Puts the four files into a folder in ways that all mean the same, and calls `look` after each.
fn in_every_form(dir: &Path, look: &mut dyn FnMut(&str)) {
    let clear = || {
        for entry in fs::read_dir(dir).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    };
    let write = |name: &str, content: &[u8]| fs::write(dir.join(name), content).unwrap();
    for name in NAMES {
        write(&name.to_uppercase(), name.as_bytes());
    }
    look("");
    clear();
    for name in NAMES {
        write(name, name.as_bytes());
        gzip(&dir.join(name));
    }
    look("");
    clear();
    write("Hierarchy_20261124.ZIP", &zip_of_four());
    look("");
    write("hierarchy_20261123.zip", b"no zip file");
    look("zip = 'hierarchy_{date:%Y%m%d}.zip'");
    clear();
    write("AGENT_20261124.csv.gz", b"");
    fs::remove_file(dir.join("AGENT_20261124.csv.gz")).unwrap();
    write("AGENT_20261124.csv", NAMES[0].as_bytes());
    gzip(&dir.join("AGENT_20261124.csv"));
    for name in &NAMES[1..] {
        write(name, name.as_bytes());
    }
    look("files = { agent = 'agent_{date:%Y%m%d}.csv' }");
}

#[test]
fn files_in_other_case_packed_or_in_one_zip_are_read_from_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    in_every_form(dir.path(), &mut |more| hold_their_names(&folder(dir.path(), more)));
}

#[test]
fn files_in_other_case_packed_or_in_one_zip_are_read_from_an_ftp_server() {
    if !vsftpd::available("files_in_other_case_packed_or_in_one_zip_are_read_from_an_ftp_server") {
        return;
    }
    let server = Vsftpd::plain();
    let source = |more: &str| {
        account("ftp", server.port, "right", &format!("ready = {{ stable = '50ms' }}\n{more}"))
    };
    in_every_form(&server.root, &mut |more| hold_their_names(&source(more)));
}

#[test]
fn files_in_other_case_packed_or_in_one_zip_are_read_in_active_mode_too() {
    if !vsftpd::available("files_in_other_case_packed_or_in_one_zip_are_read_in_active_mode_too") {
        return;
    }
    for security in [Security::Plain, Security::Explicit(Version::Any)] {
        let server = Vsftpd::with_settings(security, "pasv_enable=NO\n");
        let trust = server.certificate.as_ref().map_or(String::new(), |certificate| {
            format!("tls = {{ ca = '{}' }}\n", certificate.ca.display())
        });
        let source = |more: &str| {
            let more = format!("mode = 'active'\n{trust}{more}");
            let source = account(security.kind(), server.port, "right", &more);
            with_retries(source, Duration::from_secs(30), 3)
        };
        in_every_form(&server.root, &mut |more| hold_their_names(&source(more)));
        fs::write(server.root.join("temp_agent.csv"), "x").unwrap();
        fs::remove_file(server.root.join("AGENT_20261124.csv.gz")).unwrap();
        let delivery = fetch_into(tempfile::tempdir().unwrap().path(), &source("")).unwrap();
        let Fetched::Missing { near, .. } = delivery.file(Feed::Agent) else { panic!("found") };
        assert_eq!(*near, ["temp_agent.csv"]);
    }
}

#[cfg(feature = "sftp")]
#[test]
fn files_in_other_case_packed_or_in_one_zip_are_read_from_an_sftp_server() {
    use super::sshd::{self, Sshd};
    if !sshd::available("files_in_other_case_packed_or_in_one_zip_are_read_from_an_sftp_server") {
        return;
    }
    let server = Sshd::start();
    let key = format!("key = {{ file = '{}' }}", server.key.display());
    in_every_form(&server.root, &mut |more| {
        let source = super::sftp::source(server.port, &server.ed25519, &format!("{key}\n{more}"));
        hold_their_names(&source);
    });
}

#[test]
fn packed_files_are_archived_as_delivered() {
    let (dir, tenant) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archived = |run: &str| {
        let delivery = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap();
        let run = RunId(run.to_owned());
        let label =
            Label { tenant: "t", run: &run, business_date: date(), fetched: chrono::Utc::now() };
        let folder = archive::write(tenant.path(), &label, &delivery).unwrap();
        let mut back = archive::read(&folder).unwrap();
        back.load(1 << 30).unwrap();
        for feed in Feed::ALL {
            assert_eq!(file(&back, feed).bytes(), file(&delivery, feed).bytes());
        }
        (delivery, folder)
    };
    let sum = |path: &Path| crate::peers::output("sha256sum", &[path.to_str().unwrap()]);

    let zip = dir.path().join("all.zip");
    fs::write(&zip, zip_of_four()).unwrap();
    let (delivery, folder) = archived("one");
    assert!(sum(&zip).starts_with(&file(&delivery, Feed::Organ).sha256));
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&folder), ["all.zip.zst", "manifest.json"]);
    fs::remove_file(&zip).unwrap();

    for name in NAMES {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let agent = dir.path().join(NAMES[0]);
    gzip(&agent);
    let (delivery, folder) = archived("two");
    let packed = dir.path().join("temp_agent.txt.gz");
    assert!(sum(&packed).starts_with(&file(&delivery, Feed::Agent).sha256));
    assert_eq!(file(&delivery, Feed::Agent).size, fs::metadata(&packed).unwrap().len());
    assert!(names(&folder).contains(&"temp_agent.txt.gz.zst".to_owned()));
}

#[test]
fn dangerous_and_damaged_packed_files_are_refused_with_their_reason() {
    let bomb = vec![b'0'; 40 << 20];
    let four = zip_of_four();
    // The writer refuses a second member of one path, so one is renamed in the bytes.
    let mut twice = zipped(&[("temp_agent.txt", b"x"), ("temp_agent.txu", b"y")]);
    for at in 0..twice.len() - 14 {
        if twice[at..].starts_with(b"temp_agent.txu") {
            twice[at + 13] = b't';
        }
    }
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("x.zip", twice, "temp_agent.txt more than once"),
        ("x.zip", zipped(&[("../temp_agent.txt", b"x")]), "\"../temp_agent.txt\" leads outside"),
        ("x.zip", zipped(&[("/etc/temp_agent.txt", b"x")]), "leads outside the folder"),
        ("x.zip", zipped(&[("a\\..\\..\\b.txt", b"x")]), "leads outside the folder"),
        ("x.zip", zipped(&[("temp_agent.txt", &bomb)]), "as a decompression bomb does"),
        (
            "x.zip",
            zipped(&[("a/temp_agent.txt", b"x"), ("b/temp_agent.txt", b"y")]),
            "more than once",
        ),
        ("x.zip", four[..four.len() / 2].to_vec(), "no whole zip file"),
        ("temp_agent.txt.gz", b"plain".to_vec(), "no gzip file"),
        ("temp_agent.txt.gz", vec![0x1f, 0x8b, 8, 0, 0], "damaged or not whole"),
    ];
    for (name, content, said) in cases {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), content).unwrap();
        let error = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap_err();
        assert!(matches!(error, FetchError::Packed { .. }), "{name} {said}: {error}");
        assert!(error.to_string().contains(said) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn the_size_limit_counts_on_the_expanded_size() {
    let dir = tempfile::tempdir().unwrap();
    let content: String = (0..20_000).map(|n| format!("{n}|")).collect();
    for name in NAMES {
        fs::write(dir.path().join(name), &content).unwrap();
    }
    gzip(&dir.path().join(NAMES[0]));
    let members: Vec<(&str, &[u8])> =
        NAMES.iter().map(|name| (*name, content.as_bytes())).collect();
    let of_zip = tempfile::tempdir().unwrap();
    fs::write(of_zip.path().join("x.zip"), zipped(&members)).unwrap();
    for dir in [dir.path(), of_zip.path()] {
        let mut delivery = fetch_into(dir, &Source::dir(dir)).unwrap();
        for fetched in &mut delivery.files {
            if let Fetched::File(file) = fetched {
                file.expanded = None;
            }
        }
        let limit = content.len() as u64 - 1;
        delivery.load(limit).unwrap();
        let agent = delivery.file(Feed::Agent);
        assert!(matches!(agent, Fetched::Oversized { size, .. } if *size > limit), "{agent:?}");
    }
}

#[test]
fn a_missing_file_is_reported_with_the_names_that_are_near() {
    let dir = tempfile::tempdir().unwrap();
    let near = ["temp_agent.csv", "temp_agent_20260101.txt"];
    for name in near.iter().chain(&NAMES[1..]) {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    for name in ["TEMP_PRINCIPAL.TXT", "Temp_Principal.txt"] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    fs::remove_file(dir.path().join(NAMES[3])).unwrap();
    let delivery = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap();
    let near_of = |feed| match delivery.file(feed) {
        Fetched::Missing { near, .. } => near.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(near_of(Feed::Agent), near);
    assert_eq!(near_of(Feed::Principal), ["TEMP_PRINCIPAL.TXT", "Temp_Principal.txt"]);

    // Nothing fits: a check reports each file with what is near.
    for name in &NAMES[1..3] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    let error = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap_err();
    assert!(matches!(error, FetchError::NothingThere { .. }), "{error}");
    assert!(error.to_string().contains("temp_agent.csv, temp_agent_20260101.txt"), "{error}");
    let checked = assert_cmd::Command::cargo_bin("orgsnap")
        .unwrap()
        .args(["--lang", "en", "check"])
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&checked.stdout);
    assert!(text.contains("temp_agent.csv") && text.contains("files = { agent"), "{text}");
}

#[test]
fn a_check_of_a_folder_takes_the_names_of_the_job_and_those_of_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let delivered = dir.path().join("delivered");
    let options = Options { agents: 300, ..Options::new(date()) };
    sample::write(&options, &delivered).unwrap();
    fs::rename(delivered.join(NAMES[0]), delivered.join("ren_20261124.txt")).unwrap();
    let job = dir.path().join("job.toml");
    let text = "tenant = 'x'\n[source]\nkind = 'dir'\npath = '/nowhere'\n\
                files = { agent = 'ren_{date:%Y%m%d}.txt', node = 'other.txt' }\n";
    fs::write(&job, text).unwrap();
    assert_cmd::Command::cargo_bin("orgsnap")
        .unwrap()
        .args(["check", "--date", "2026-11-24", "--job"])
        .args([&job, &delivered])
        .assert()
        .code(0);
}

#[test]
fn a_second_file_of_a_feed_with_other_content_is_refused_and_one_with_the_same_is_not() {
    let four = zip_of_four();
    let other = zipped(&[("temp_agent.txt", b"yesterday")]);
    let photos = zipped(&[("photo.png", b"x")]);
    let packed = |content: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, content).unwrap();
        gzip(&path);
        fs::read(dir.path().join("x.gz")).unwrap()
    };
    let cases: [(&str, Vec<u8>, bool); 7] = [
        ("temp_agent.txt.gz", packed(b"yesterday"), true),
        ("TEMP_AGENT.TXT", b"yesterday".to_vec(), true),
        ("all.zip", other, true),
        ("temp_agent.txt.gz", packed(NAMES[0].as_bytes()), false),
        ("all.zip", four, false),
        ("photos.zip", photos, false),
        ("notes.zip", b"no zip file".to_vec(), false),
    ];
    for (name, content, refused) in cases {
        let dir = tempfile::tempdir().unwrap();
        for name in NAMES {
            fs::write(dir.path().join(name), name).unwrap();
        }
        fs::write(dir.path().join(name), content).unwrap();
        let fetched = fetch_into(dir.path(), &folder(dir.path(), ""));
        match fetched {
            Err(FetchError::TwoCopies { one, other }) if refused => {
                assert_eq!((one.as_str(), other.as_str()), (NAMES[0], name));
            }
            Ok(_) => assert!(!refused, "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn a_folder_in_place_of_the_source_has_the_zip_file_of_the_job_or_the_plain_files() {
    let dir = tempfile::tempdir().unwrap();
    let source = folder(dir.path(), "zip = 'hierarchy_{date:%Y%m%d}.zip'");
    fs::write(dir.path().join("hierarchy_20261124.zip"), zip_of_four()).unwrap();
    fs::write(dir.path().join("hierarchy_20261123.zip"), b"no zip file").unwrap();
    hold_their_names(&Source::dir_instead_of(dir.path(), Some(&source)));
    let error = fetch_into(dir.path(), &Source::dir_instead_of(dir.path(), None)).unwrap_err();
    assert!(
        error.to_string().contains("hierarchy_20261123.zip, hierarchy_20261124.zip"),
        "{error}"
    );
    assert!(error.to_string().contains("zip = "), "{error}");
    fs::remove_file(dir.path().join("hierarchy_20261124.zip")).unwrap();
    for name in NAMES {
        fs::write(dir.path().join(name), name).unwrap();
    }
    hold_their_names(&Source::dir_instead_of(dir.path(), Some(&source)));
}
