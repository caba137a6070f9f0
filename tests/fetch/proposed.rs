//! `orgsnap init --from-source` with a real FTP server.

use std::fs;
use std::process::Command;

use chrono::NaiveDate;
use orgsnap::sample::{self, Options};

use super::vsftpd::{Vsftpd, available};

#[test]
fn a_job_is_proposed_from_files_of_an_ftp_server() {
    if !available("a_job_is_proposed_from_files_of_an_ftp_server") {
        return;
    }
    let server = Vsftpd::plain();
    let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    sample::write(&Options { agents: 200, ..Options::new(date) }, &server.root.join("out"))
        .unwrap();
    let agents = server.root.join("out/temp_agent.txt");
    let bytes = fs::read(&agents).unwrap();
    let (text, ..) = encoding_rs::GB18030.decode(&bytes);
    let text: String = text.lines().map(|line| line.replace("||", "|NULL|") + "\n").collect();
    fs::write(&agents, encoding_rs::GB18030.encode(&text).0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let account = format!(
        "tenant = 'a'\n[source]\nkind = 'ftp'\nhost = '127.0.0.1'\nport = {}\nusername = 'anonymous'\n\
         password = 'right'\npath = 'out'\nready = 'now'\n",
        server.port
    );
    fs::write(folder.path().join("account.toml"), account).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .current_dir(folder.path())
        .args(["init", "new.toml", "--from-source", "account.toml", "--yes", "--lang", "en"])
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let job = fs::read_to_string(folder.path().join("new.toml")).unwrap();
    assert!(job.contains("null = [\"NULL\"]\n"), "{job}");
    assert!(job.contains(&format!("port = {}\n", server.port)), "{job}");
    let sample = fs::read(folder.path().join("new-sample/temp_agent.txt")).unwrap();
    assert_eq!(sample, fs::read(&agents).unwrap(), "the sample is kept as delivered");
    let kept = fs::read_dir(folder.path().join("new-sample")).unwrap().count();
    assert_eq!(kept, 4, "nothing of the transfer is left");
}
