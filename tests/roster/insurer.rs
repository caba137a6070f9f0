//! An insurer with a snapshot, a WeCom of its own on loopback, and the commands run on both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chrono::NaiveDate;
use orgsnap::sample::{self, Charset, Options};
use rusqlite::Connection;

use crate::wecom_api::server::{APP_SECRET, ApiServer, CONTACTS_SECRET, CORP_ID, Enterprise};

/// The folder, the server, and what is in the snapshot.
pub(super) struct Insurer {
    folder: tempfile::TempDir,
    pub(super) server: ApiServer,
    pub(super) active: Vec<String>,
    pub(super) left: Vec<String>,
    /// Office staff who work there.
    pub(super) staff: Vec<String>,
}

/// What the job file says of applications, unless a test says otherwise.
pub(super) const CONTACTS: &str =
    "[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = { env = \"CONTACTS_SECRET\" }\n";

impl Insurer {
    /// With a snapshot of so many agents, all of the active ones and the office staff members.
    pub(super) fn new(agents: usize) -> Insurer {
        let folder = tempfile::tempdir().unwrap();
        for name in ["jobs", "in"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let options = Options { agents, charset: Charset::Utf8, ..Options::new(date) };
        sample::write(&options, &folder.path().join("in")).unwrap();
        let server = ApiServer::start(Enterprise::example());
        let mut insurer =
            Insurer { folder, server, active: Vec::new(), left: Vec::new(), staff: Vec::new() };
        insurer.write_job("", CONTACTS);
        let imported = insurer.orgsnap(&["import", "jobs/t.toml", "--date", "2026-11-24"]);
        assert!(imported.status.success(), "{imported:?}");
        let org = Connection::open(insurer.data().join("org.db")).unwrap();
        let ids = |sql: &str| -> Vec<String> {
            let mut statement = org.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        insurer.active = ids("select id from agent where agent_status = 1 order by id");
        insurer.left = ids("select id from agent where agent_status = 2 order by id");
        insurer.staff = ids("select id from principal where principal_status = 1 order by id");
        insurer.set_members(|_| {});
        insurer
    }

    /// The folder of the tenant.
    pub(super) fn data(&self) -> PathBuf {
        self.path("data").join("t")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the job file; `wecom` goes into `[wecom]`, `more` follows it.
    pub(super) fn write_job(&self, wecom: &str, more: &str) {
        let url = self.server.url();
        let text = format!(
            "tenant = \"t\"\nname = \"示例人寿\"\ncorp_id = \"{CORP_ID}\"\n[source]\nkind = \"dir\"\npath = \"../in\"\n\
             [wecom]\napi_url = \"{url}\"\n{wecom}\n{more}"
        );
        fs::write(self.path("jobs/t.toml"), text).unwrap();
    }

    /// The members: the active agents and the office staff, then as `change` has it.
    pub(super) fn set_members(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut members: Vec<String> = self.active.iter().chain(&self.staff).cloned().collect();
        change(&mut members);
        self.server.change(|enterprise| {
            // Every third is in two departments, and is listed twice.
            let departments = |at: usize| if at.is_multiple_of(3) { vec![2, 3] } else { vec![2] };
            let members = members.into_iter().enumerate();
            enterprise.members = members.map(|(at, id)| (id, departments(at))).collect();
        });
    }

    /// The next day's delivery: that of the day before, each file as `change` has it.
    pub(super) fn deliver(&self, change: impl Fn(&str, String) -> String) {
        for entry in fs::read_dir(self.path("in")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, change(&name, text)).unwrap();
        }
        let imported = self.orgsnap(&["import", "jobs/t.toml", "--date", "2026-11-25"]);
        assert!(imported.status.success(), "{}", said(&imported));
    }

    pub(super) fn command(&self, language: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        command.args(["--lang", language, "--data"]).arg(self.path("data")).args(arguments);
        command.current_dir(self.folder.path());
        command.env_remove("ORGSNAP_DATA");
        command.env("CONTACTS_SECRET", CONTACTS_SECRET).env("APP_SECRET", APP_SECRET);
        command
    }

    pub(super) fn orgsnap(&self, arguments: &[&str]) -> Output {
        self.command("en", arguments).output().unwrap()
    }

    /// Serves the jobs; what it says goes into a file.
    pub(super) fn serve(&self) -> (std::process::Child, PathBuf) {
        let log = self.path("log");
        let mut command = self.command("en", &["-vv", "serve", "jobs"]);
        command.stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        (command.spawn().unwrap(), log)
    }

    /// A check that must be done, as JSON.
    pub(super) fn reconcile(&self, more: &[&str]) -> serde_json::Value {
        let output = self.orgsnap(&[&["wecom", "reconcile", "t", "--json"], more].concat());
        assert!(output.status.success(), "{}", said(&output));
        let document = serde_json::from_slice(&output.stdout).unwrap();
        crate::schemas::assert_valid("wecom-reconcile", &document);
        document
    }

    /// All of `roster_check`, a line a row.
    pub(super) fn rows(&self) -> Vec<String> {
        rows_of(&self.data())
    }
}

pub(super) fn rows_of(folder: &Path) -> Vec<String> {
    let db = Connection::open(folder.join("wecom.db")).unwrap();
    let mut statement = db
        .prepare(
            "select kind || ' ' || subject || ' ' || first_day || ' ' || coalesce(last_day, '-') from roster_check \
             order by kind, subject, first_day",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Exit code and errors of a command.
pub(super) fn said(output: &Output) -> String {
    format!("{:?}: {}", output.status.code(), String::from_utf8_lossy(&output.stderr))
}
