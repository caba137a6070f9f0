//! What ships beside the program: the systemd unit, the cron line, the container, and `orgsnap init`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use orgsnap::config::job;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn orgsnap(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(all).unwrap())
}

#[test]
fn init_writes_a_job_that_check_accepts_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said =
        orgsnap(folder.path(), &["init", "jobs/00010007.toml", "--kind", "dir", "--lang", "en"]);
    assert_eq!(said.0, Some(0));
    assert!(said.1.contains("orgsnap import jobs/00010007.toml --dry-run"), "{}", said.1);
    let written = fs::read_to_string(folder.path().join("jobs/00010007.toml")).unwrap();
    let job = job::load(&folder.path().join("jobs/00010007.toml"), &|_| None).unwrap();
    assert_eq!(job.tenant, "00010007");
    // Nothing is delivered yet, and that is all that is wrong.
    let (code, said) = orgsnap(folder.path(), &["import", "jobs/00010007.toml", "--dry-run"]);
    assert_eq!(code, Some(4), "{said}");
    let (code, said) = orgsnap(folder.path(), &["init", "jobs/00010007.toml", "--lang", "zh"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("已存在，未作改动"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("jobs/00010007.toml")).unwrap(), written);
}

#[test]
fn the_systemd_unit_is_valid_and_sandboxed() {
    let unit = fs::read_to_string(root().join("packaging/orgsnap.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgsnap.service");
    // It is the form that is looked at; the program need not be installed for that.
    fs::write(&path, unit.replace("/usr/local/bin/orgsnap", "/bin/true")).unwrap();
    let analyze =
        |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).arg(&path).output();
    let Ok(verified) = analyze(&["verify"]) else {
        eprintln!("skipped: no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let of_unit: Vec<&str> = said.lines().filter(|line| line.contains("orgsnap.service")).collect();
    assert!(of_unit.is_empty(), "{of_unit:?}");
    // Exposure above 2.0 fails.
    let closed = analyze(&["security", "--offline=true", "--threshold=20"]).unwrap();
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stdout));
}

#[test]
fn commands_in_unit_container_and_cron_line_exist() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (path, verb, options) in [
        ("packaging/orgsnap.service", "serve", &["--listen"][..]),
        ("Dockerfile", "serve", &["--listen"]),
        ("packaging/orgsnap.cron", "import", &["--metrics-file"]),
    ] {
        let text = read(path);
        let (code, help) = orgsnap(folder.path(), &[verb, "--help"]);
        assert_eq!(code, Some(0));
        for option in options {
            assert!(text.contains(option) && help.contains(option), "{path}: {option}\n{help}");
        }
    }
    for line in read("packaging/orgsnap.cron").lines() {
        // A line of /etc/cron.d: five fields, a user, a command; a bare percent sign would end it.
        let line =
            line.strip_prefix("#*").map(|rest| format!("*{rest}")).unwrap_or(line.to_owned());
        if line.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[5], "orgsnap", "{line}");
            assert!(line.contains(" orgsnap import "), "{line}");
            assert!(!line.replace("\\%", "").contains('%'), "{line}");
        }
    }
}

#[test]
fn every_package_installs_the_program_that_loads_the_library_of_the_session_archive() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let reader = orgsnap::wecom::archive::reader_program(Path::new("/usr/local/bin/orgsnap"));
    assert_eq!(reader, Path::new("/usr/local/bin/orgsnap-archive-reader"));
    let unit = read("packaging/orgsnap.service");
    assert!(unit.contains("install -m 755 orgsnap orgsnap-archive-reader /usr/local/bin/"));
    let image = read("Dockerfile");
    assert!(image.contains("--bin orgsnap --bin orgsnap-archive-reader"));
    let copied = "COPY --from=build /usr/local/bin/orgsnap /usr/local/bin/orgsnap-archive-reader /usr/local/bin/";
    assert!(image.contains(copied));
}

#[test]
fn every_document_and_package_uses_the_same_port() {
    let files = [
        "README.md",
        "README.zh-CN.md",
        "docs/wecom.md",
        "packaging/nginx.conf.example",
        "packaging/orgsnap.service",
        "Dockerfile",
    ];
    for file in files {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let mut ports = Vec::new();
        for address in ["127.0.0.1:", "0.0.0.0:", "127.0.0.1/"] {
            ports.extend(
                text.split(address)
                    .skip(1)
                    .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>()),
            );
        }
        assert!(!ports.is_empty(), "{file} names no port");
        assert!(ports.iter().all(|port| port == "9300"), "{file}: {ports:?}");
    }
}

#[test]
fn an_installed_program_writes_the_full_example_and_the_schemas_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = orgsnap(folder.path(), &["init", "all.toml", "--full", "--lang", "en"]);
    assert_eq!(code, Some(0), "{said}");
    let written = fs::read_to_string(folder.path().join("all.toml")).unwrap();
    let example = fs::read_to_string(root().join("jobs/example.toml.sample")).unwrap();
    assert!(written.ends_with(&example), "{written}");
    let (code, said) = orgsnap(folder.path(), &["schemas", "mine", "--lang", "en"]);
    assert_eq!(code, Some(0), "{said}");
    let mine = orgsnap::config::schema::Schema::from_dir(&folder.path().join("mine")).unwrap();
    assert_eq!(mine, orgsnap::config::schema::Schema::builtin().unwrap());
    // A second time nothing is overwritten.
    let (code, said) = orgsnap(folder.path(), &["schemas", "mine", "--lang", "en"]);
    assert_eq!(code, Some(2), "{said}");
}

#[test]
fn the_cron_line_runs_at_two_in_shanghai_in_any_zone_of_the_machine() {
    let cron = fs::read_to_string(root().join("packaging/orgsnap.cron")).unwrap();
    // Debian's cron ignores it, so nothing may depend on it.
    assert!(!cron.contains("CRON_TZ="), "{cron}");
    let line = cron.lines().find(|line| line.starts_with("30 * * * * orgsnap ")).unwrap();
    let guard = line.strip_prefix("30 * * * * orgsnap ").unwrap().split(" && ").next().unwrap();
    let guard = guard.replace("\\%", "%");
    if !Path::new("/usr/share/zoneinfo/Asia/Shanghai").exists() {
        eprintln!(
            "skipped: the condition of the cron line, because this machine has no time zones"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // A clock that stands at 18:30 UTC, which is 02:30 in Shanghai, or an hour later.
    for (utc, runs) in [("2024-11-22 18:30", true), ("2024-11-22 19:30", false)] {
        let date = format!("#!/bin/sh\nexec /usr/bin/env date -d '{utc} UTC' \"$@\"\n");
        fs::write(folder.path().join("date"), date.replace("/usr/bin/env date", "/bin/date"))
            .unwrap();
        Command::new("chmod").arg("+x").arg(folder.path().join("date")).status().unwrap();
        for zone in ["UTC", "America/New_York", "Asia/Shanghai"] {
            let status = Command::new("sh")
                .args(["-c", &guard])
                .env("TZ", zone)
                .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
                .status()
                .unwrap();
            assert_eq!(status.success(), runs, "{utc} in {zone}: {guard}");
        }
    }
    let timer = fs::read_to_string(root().join("packaging/orgsnap-import.timer")).unwrap();
    assert!(timer.contains("OnCalendar=*-*-* 02:30:00 Asia/Shanghai"));
}
