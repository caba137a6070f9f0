//! A company with a hierarchy, WeCom's servers, and the pages of the login, served as `orgsnap serve` does.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::config::job::{self, Job};
use orgsnap::metrics::CallbackCounts;
use orgsnap::model::Language;
use orgsnap::web::callbacks::{Callbacks, Clock};
use orgsnap::web::login::Logins;
use orgsnap::web::server::{self, Limits};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::authorize_page::AuthorizePage;
use crate::wecom_api::server::{APP_SECRET, ApiServer, CORP_ID, Enterprise};

/// Longer than any answer should take, on the busiest machine.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) const TENANT: &str = "00010001";
pub(super) const PUBLIC: &str = "https://wecom.example.com";

/// A job file with a login; `more` are further lines of `[wecom.login]`.
pub(super) fn job_text(public_url: &str, api: &ApiServer, authorize: &str, more: &str) -> String {
    format!(
        "tenant = '{TENANT}'\ncorp_id = '{CORP_ID}'\npublic_url = '{public_url}'\n\
         [[wecom_app]]\nagent_id = 1000008\nsecret = '{APP_SECRET}'\n\
         [wecom]\napi_url = '{}'\nauthorize_url = '{authorize}'\n\
         [wecom.login]\nagent_id = 1000008\n{more}\n",
        api.url()
    )
}

pub(super) fn parse(text: &str) -> Job {
    job::parse(Path::new("jobs/x.toml"), text, &|_| None).unwrap()
}

/// A data folder with the hierarchy of a small company; the same for all tests that only read it.
pub(super) fn company() -> &'static Path {
    static COMPANY: OnceLock<TempDir> = OnceLock::new();
    let made = || {
        let folder = tempfile::tempdir().unwrap();
        let orgsnap = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
            let output = command.current_dir(folder.path()).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        };
        orgsnap(&["sample", "delivered", "--agents", "200", "--date", "2026-11-27"]);
        std::fs::write(folder.path().join("x.toml"), format!("tenant = '{TENANT}'\n")).unwrap();
        let import = ["import", "x.toml", "--from", "delivered", "--date", "2026-11-27"];
        orgsnap(&[&import[..], &["--data", "data"]].concat());
        folder
    };
    COMPANY.get_or_init(made).path()
}

/// An agent of the company by its status, with the columns that pages are told.
pub(super) fn agent(status: u8) -> Vec<Option<String>> {
    let database = company().join("data").join(TENANT).join("org.db");
    let conn = Connection::open(database).unwrap();
    let sql = "select id, agent_name, working_node_id, working_node_name, team_path_name, working_organ_id, \
               working_organ_name, organ_path_name from agent_now where agent_status = ?1 order by id limit 1";
    let row = |row: &rusqlite::Row<'_>| (0..8).map(|at| row.get(at)).collect();
    conn.query_row(sql, [status], row).unwrap()
}

pub(super) fn agent_id(status: u8) -> String {
    agent(status).remove(0).unwrap()
}

/// The running site; it ends with this value.
pub(super) struct Site {
    pub(super) api: ApiServer,
    pub(super) authorize: AuthorizePage,
    pub(super) logins: Arc<Logins>,
    pub(super) data: TempDir,
    pub(super) port: u16,
    now: Arc<Mutex<DateTime<Utc>>>,
    runtime: Option<Runtime>,
}

impl Site {
    /// The site behind a proxy with TLS, with these further lines of `[wecom.login]`.
    pub(super) fn start(more: &str) -> Site {
        Site::at(more, |_| PUBLIC.to_owned())
    }

    /// A site whose public address depends on its port.
    pub(super) fn at(more: &str, public_url: impl FnOnce(u16) -> String) -> Site {
        let api = ApiServer::start(Enterprise::example());
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(TENANT);
        std::fs::create_dir(&folder).unwrap();
        let database = company().join("data").join(TENANT).join("org.db");
        std::fs::copy(database, folder.join("org.db")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let public_url = public_url(port);
        let (_, trusted_domain) = public_url.split_once("://").unwrap();
        let authorize = AuthorizePage::start(&api, trusted_domain, &agent_id(1));
        let now = Arc::new(Mutex::new("2026-11-28T08:00:00Z".parse().unwrap()));
        let shown = Arc::clone(&now);
        let clock: Clock = Arc::new(move || *shown.lock().unwrap());
        let logins = Logins::new(data.path(), Arc::clone(&clock), Language::English);
        let counts: Arc<CallbackCounts> = Arc::default();
        let callbacks = Callbacks::new(data.path(), clock, Language::English, counts);
        let app = logins.router().merge(callbacks.router());
        let site = Site { api, authorize, logins, data, port, now, runtime: Some(runtime) };
        let said = site.take_up(&job_text(&public_url, &site.api, &site.authorize.url(), more));
        assert!(said.is_empty(), "{said:?}");
        let served = server::serve(listener, app, Limits::default(), std::future::pending());
        site.runtime.as_ref().unwrap().spawn(served);
        site
    }

    /// Hands the pages a job file; returns what they say of it, in English.
    pub(super) fn take_up(&self, job: &str) -> Vec<String> {
        let said = self.logins.set_jobs(&[&parse(job)]);
        said.into_iter().map(|message| message.en.into_owned()).collect()
    }

    /// Another process over the same data, with the same job.
    pub(super) fn restarted(&self) -> u16 {
        let shown = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || *shown.lock().unwrap());
        let logins = Logins::new(self.data.path(), clock, Language::English);
        logins.set_jobs(&[&parse(&job_text(PUBLIC, &self.api, &self.authorize.url(), ""))]);
        self.serve(logins.router())
    }

    /// Serves further pages on a port of their own.
    pub(super) fn serve(&self, pages: Router) -> u16 {
        let runtime = self.runtime.as_ref().unwrap();
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(server::serve(listener, pages, Limits::default(), std::future::pending()));
        port
    }

    /// Sets the clock on, or back.
    pub(super) fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    /// What a page of the tenant answers a browser.
    pub(super) fn get(&self, page: &str, browser: &Browser) -> Answer {
        ask(self.port, "GET", &format!("/wecom/{TENANT}/{page}"), &browser.headers())
    }

    /// Begins a login in a browser; where it is led to.
    pub(super) fn begin(&self, next: &str, browser: &mut Browser) -> String {
        let answer = self.get(&format!("login?next={}", percent(next)), browser);
        assert_eq!(answer.status, 303, "{answer:?}");
        browser.take(&answer);
        answer.header("location").unwrap().to_owned()
    }

    /// Begins a login and goes through WeCom; the page and query that it leads back to.
    pub(super) fn through_wecom(&self, next: &str, browser: &mut Browser) -> String {
        let back = self.authorize.leads_to(&self.begin(next, browser));
        let page = back.strip_prefix(&format!("{PUBLIC}/wecom/{TENANT}/")).expect(&back);
        page.to_owned()
    }

    /// Logs in whoever is before WeCom.
    pub(super) fn log_in(&self, browser: &mut Browser) -> Answer {
        let page = self.through_wecom("/", browser);
        let answer = self.get(&page, browser);
        browser.take(&answer);
        answer
    }

    /// `/me` as JSON, with its status.
    pub(super) fn me(&self, browser: &Browser) -> (u16, Value) {
        let answer = self.get("me", browser);
        let document = serde_json::from_str(&answer.body).unwrap();
        crate::schemas::assert_valid("wecom-me", &document);
        (answer.status, document)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// The cookies of a browser.
#[derive(Debug, Clone, Default)]
pub(super) struct Browser {
    pub(super) cookies: Vec<(String, String)>,
}

impl Browser {
    /// Takes the cookies of an answer, whose attributes must be right.
    pub(super) fn take(&mut self, answer: &Answer) {
        for cookie in answer.headers("set-cookie") {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-orgsnap-"), "{cookie}");
            assert!(value.len() < 4_096, "browsers keep no longer ones");
            let (age, rest) = attributes.split_once("; HttpOnly; ").unwrap();
            assert_eq!(rest, "SameSite=Lax; Secure", "{cookie}");
            assert!(age.starts_with("Path=/; Max-Age="), "{cookie}");
            self.cookies.retain(|(known, _)| known != name);
            if !age.ends_with("=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(super) fn headers(&self) -> String {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = format!("Cookie: {}\r\n", pairs.join("; "));
        assert!(line.len() <= 4_096, "proxies take no longer lines: {}", line.len());
        if pairs.is_empty() { String::new() } else { line }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Sends a request without a body; `headers` end with their line ends.
pub(super) fn ask(port: u16, method: &str, target: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let request =
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect(&text);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let head = lines.filter_map(|line| line.split_once(": "));
    let head = head.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, head, body: body.to_owned() }
}

/// Encodes a value of a query.
pub(super) fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
