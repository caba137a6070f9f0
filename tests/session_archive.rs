//! The session archive: keys, pulls, and what a library may do. WeCom's library is one of the tests, in C, that encrypts for
//! real (`session_archive/sdk.c`); it is compiled when the first test needs it.

mod doctor;
mod keys;
mod killed;
mod library;
mod media;
mod pulls;
mod served;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::config::job::{self, Job};
use orgsnap::model::Cancel;
use orgsnap::wecom::archive::{
    self, ArchiveError, KeyFolder, PullRequest, PullSummary, reader_program,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};
use rusqlite::Connection;

use crate::peers;

/// The library, compiled; or why it is not.
static SDK: LazyLock<Result<(tempfile::TempDir, PathBuf), String>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libsdk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session_archive/sdk.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&library, &source])
        .output()
        .map_err(|error| format!("cc cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    Ok((folder, library))
});

/// Whether the library could be compiled; if not, the test is skipped.
#[track_caller]
fn has_sdk(test: &str) -> bool {
    match &*SDK {
        Ok(_) => true,
        Err(reason) => {
            peers::skip(test, reason);
            false
        }
    }
}

fn sdk() -> &'static Path {
    match &*SDK {
        Ok((_, library)) => library,
        Err(reason) => panic!("{reason}"),
    }
}

/// The program that loads the library; `cargo test` at the root builds it.
fn reader() -> PathBuf {
    let reader = reader_program(assert_cmd::cargo::cargo_bin!("orgsnap"));
    let hint = "build it with `cargo build --release -p orgsnap-archive-reader`";
    assert!(reader.exists(), "{} is missing: {hint}", reader.display());
    reader
}

fn now() -> DateTime<Utc> {
    "2026-11-28T08:00:00Z".parse().unwrap()
}

/// A tenant with a job, and WeCom's side of its archive.
struct Place {
    folder: tempfile::TempDir,
    /// What the library reads; its path is the secret.
    wecom: tempfile::TempDir,
    keys: Vec<RsaPublicKey>,
    rng: ChaCha20Rng,
    sent: Vec<Sent>,
}

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    msgid: String,
    text: String,
}

impl Place {
    /// A tenant with so many pairs of keys.
    fn new(keys: usize) -> Place {
        let wecom = tempfile::Builder::new().prefix("s3cret-scenario").tempdir().unwrap();
        let mut place = Place {
            folder: tempfile::tempdir().unwrap(),
            wecom,
            keys: Vec::new(),
            rng: ChaCha20Rng::seed_from_u64(13),
            sent: Vec::new(),
        };
        for _ in 0..keys {
            place.make_key();
        }
        place.write_job("timeout = \"1s\"");
        place
    }

    fn make_key(&mut self) {
        let made = KeyFolder::of(&self.tenant()).make(None, now()).unwrap();
        self.keys.push(RsaPublicKey::from_public_key_pem(&made.public_pem).unwrap());
    }

    fn tenant(&self) -> PathBuf {
        self.folder.path().join("data/t")
    }

    fn job_file(&self) -> PathBuf {
        self.folder.path().join("job.toml")
    }

    /// Writes the job file, with these lines in `[wecom.archive]`.
    fn write_job(&self, lines: &str) {
        fs::write(self.folder.path().join("secret"), self.wecom.path().to_str().unwrap()).unwrap();
        let text = format!(
            "tenant = \"t\"\ncorp_id = \"ww08a41f56c8db31fb\"\n[wecom.archive]\nsecret = {{ file = \"secret\" }}\n\
             library = \"{}\"\n{lines}\n",
            sdk().display()
        );
        fs::write(self.job_file(), text).unwrap();
    }

    fn wecom(&self, name: &str) -> PathBuf {
        self.wecom.path().join(name)
    }

    /// A message is sent, encrypted for a version.
    fn send(&mut self, version: usize, sent_at: DateTime<Utc>, content: &str) -> &Sent {
        let number = self.sent.len() + 1;
        let text = format!(
            "{{\"msgid\":\"m{number}\",\"action\":\"send\",\"from\":\"u{}\",\"tolist\":[\"wm1\"],\"roomid\":\"\",\
             \"msgtime\":{},\"msgtype\":\"text\",\"text\":{{\"content\":\"{content}\"}}}}",
            number % 7,
            sent_at.timestamp_millis()
        );
        self.send_text(version, &text)
    }

    /// A message with this text is sent.
    fn send_text(&mut self, version: usize, text: &str) -> &Sent {
        let mut key = [0; 32];
        self.rng.fill_bytes(&mut key);
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let public = &self.keys[version - 1];
        let wrapped = public.encrypt(&mut self.rng, Pkcs1v15Encrypt, key.as_bytes()).unwrap();
        self.append(version, &key, &STANDARD.encode(wrapped), text)
    }

    fn append(&mut self, version: usize, key: &str, wrapped: &str, text: &str) -> &Sent {
        // Numbers grow, and not by one.
        let number = self.sent.len() + 1;
        let (seq, msgid) = (number * 3, format!("m{number}"));
        let mut line = format!("{seq} {msgid} {version} {key} {wrapped} ");
        for byte in text.as_bytes() {
            write!(line, "{byte:02x}").unwrap();
        }
        line.push('\n');
        let mut file =
            fs::OpenOptions::new().create(true).append(true).open(self.wecom("items")).unwrap();
        std::io::Write::write_all(&mut file, line.as_bytes()).unwrap();
        self.sent.push(Sent { msgid, text: text.to_owned() });
        self.sent.last().unwrap()
    }

    /// What the calls of the library do; see `sdk.c`.
    fn faults(&self, lines: &str) {
        fs::write(self.wecom("faults"), lines).unwrap();
        for call in ["chat", "media"] {
            // It may not have been called yet.
            let _ = fs::remove_file(self.wecom(&format!("calls-{call}")));
        }
    }

    fn job(&self) -> Job {
        job::load(&self.job_file(), &|_| None).unwrap()
    }

    fn pull_at(&self, now: DateTime<Utc>) -> Result<PullSummary, ArchiveError> {
        let (job, tenant) = (self.job(), self.tenant());
        archive::pull(PullRequest {
            job: &job,
            tenant_dir: &tenant,
            reader: &reader(),
            environment: &[],
            now,
            cancel: &Cancel::new(),
        })
    }

    fn pull(&self) -> Result<PullSummary, ArchiveError> {
        self.pull_at(now())
    }

    /// The program itself.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"));
        command.env_clear().current_dir(self.folder.path()).args(arguments);
        command.args(["--lang", "en", "--data"]).arg(self.folder.path().join("data"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn database(&self) -> Connection {
        Connection::open(self.tenant().join("session.db")).unwrap()
    }

    /// What is stored, in the order of the ids.
    fn stored(&self) -> Vec<Sent> {
        let db = self.database();
        let whole: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let mut statement = db.prepare("select msgid, body from message order by msgid").unwrap();
        let rows = statement
            .query_map([], |row| Ok(Sent { msgid: row.get(0)?, text: row.get(1)? }))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// What was sent, in the order of the ids.
    fn sent(&self) -> Vec<Sent> {
        let mut sent = self.sent.clone();
        sent.sort();
        sent
    }
}

/// All that a program said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

fn minutes(number: i64) -> TimeDelta {
    TimeDelta::minutes(number)
}
