//! `orgsnap serve`, `wecom urls` and `wecom send-test` as an engineer has them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::receiver::{CORP, JOB, KEY, MEMBER, Receiver, TIMEOUT, TOKEN, event};
use super::requests::{get, post};

pub(super) fn orgsnap() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
    command.args(["--lang", "en"]).env_remove("ORGSNAP_DATA");
    command
}

/// A running `orgsnap serve`; it is killed with this value.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    log: Arc<Mutex<String>>,
}

impl Served {
    /// Serves a folder of job files on a free port, once the first files are taken up.
    pub(super) fn start(jobs: &Path, data: &Path) -> Served {
        Served::logging("-v", jobs, data)
    }

    /// The same, whose log has more or less.
    pub(crate) fn logging(verbosity: &str, jobs: &Path, data: &Path) -> Served {
        let mut child = orgsnap()
            .arg("serve")
            .arg(jobs)
            .args(["--listen", "127.0.0.1:0", verbosity, "--data"])
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut served = Served { child, port: 0, log };
        let place = "answering at http://127.0.0.1:";
        served.wait_for(place);
        let log = served.log();
        let port = &log[log.find(place).unwrap() + place.len()..];
        served.port = port.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        served
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log says it.
    pub(crate) fn wait_for(&self, said: &str) {
        let begun = Instant::now();
        while !self.log().contains(said) {
            assert!(begun.elapsed() < TIMEOUT, "{said:?} is not in the log:\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks until the status is that.
    pub(crate) fn wait_until(&self, status: u16, ask: impl Fn(u16) -> u16) {
        let begun = Instant::now();
        while ask(self.port) != status {
            assert!(begun.elapsed() < TIMEOUT, "not {status}; the log:\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it as a service manager would.
    fn terminate(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with one job file.
pub(super) fn job_folder(place: &Path, text: &str) -> (PathBuf, PathBuf) {
    let jobs = place.join("jobs");
    fs::create_dir_all(&jobs).unwrap();
    let file = jobs.join("x.toml");
    fs::write(&file, text).unwrap();
    (jobs, file)
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), utf8(&output.stdout), utf8(&output.stderr))
}

#[test]
fn the_documented_set_up_of_a_tenant_receives_callbacks() {
    let place = tempfile::tempdir().unwrap();
    let (jobs, file) = job_folder(place.path(), JOB);
    let data = place.path().join("data");
    let mut served = Served::start(&jobs, &data);
    let page = "/WW_verify_OTLPha66qJcN7Wpf.txt";
    served.wait_until(200, |port| get(port, page).status);

    let url = format!("http://127.0.0.1:{}", served.port);
    let send_test = |agent: &str| {
        let mut command = orgsnap();
        command.args(["wecom", "send-test", "--url", &url, "--agent", agent]).arg(&file);
        command.arg("--data").arg(&data);
        text(&command.output().unwrap())
    };
    for agent in ["chengyuan", "kehu"] {
        let (code, stdout, _) = send_test(agent);
        assert_eq!(code, Some(0), "{stdout}\n{}", served.log());
        assert!(stdout.contains("WeCom will take the URL"), "{stdout}");
        assert!(stdout.contains("received and stored"), "{stdout}");
    }
    let printed = |arguments: &[&str]| -> serde_json::Value {
        let mut command = orgsnap();
        command.arg("wecom").args(arguments).arg(&file).arg("--data").arg(&data);
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    crate::schemas::assert_valid("wecom-urls", &printed(&["urls", "--json"]));
    let (code, stdout, stderr) = send_test("1000008");
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.contains("1000008 receives no callbacks; those that do: chengyuan, kehu"),
        "{stderr}"
    );

    // The URL is pasted before token and key are configured: the log says why it cannot be saved.
    let member = MEMBER.replace("chengyuan", "1000008");
    let (target, body) = event(&member, "text", CORP, 1);
    assert_eq!(post(served.port, &target, body.as_bytes()).status, 403);
    served.wait_for(
        "a callback arrived for tenant 00010001 agent 1000008, but the job file has no token and aes_key for it: \
         saving the URL in WeCom fails until they are configured and orgsnap serve has taken the file up",
    );
    let lines = format!("secret = \"of-the-application\"\ntoken = '{TOKEN}'\naes_key = '{KEY}'");
    fs::write(&file, JOB.replace("secret = \"of-the-application\"", &lines)).unwrap();
    served.wait_until(200, |port| post(port, &target, body.as_bytes()).status);
    let sent = printed(&["send-test", "--url", &url, "--agent", "1000008", "--json"]);
    crate::schemas::assert_valid("wecom-send-test", &sent);
    assert!(sent.as_array().unwrap().iter().all(|step| step["verdict"] == "right"), "{sent}");

    let mut command = orgsnap();
    command.args(["wecom", "events", "00010001", "--data"]).arg(&data);
    let (code, stdout, _) = text(&command.output().unwrap());
    assert_eq!((code, stdout.matches("orgsnap_send_test").count()), (Some(0), 3), "{stdout}");

    served.terminate();
    let conn = rusqlite::Connection::open(data.join("00010001").join("wecom.db")).unwrap();
    let events: Vec<String> = conn
        .prepare("select agent_id || ' ' || coalesce(event, '-') from callback_event order by id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let expected = [
        "chengyuan orgsnap_send_test",
        "kehu orgsnap_send_test",
        "1000008 -",
        "1000008 orgsnap_send_test",
    ];
    assert_eq!(events, expected);
    let log = served.log();
    for secret in [TOKEN, KEY, "of-the-contacts", "of-the-customers", "of-the-application"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[test]
fn send_test_names_the_failing_step() {
    let place = tempfile::tempdir().unwrap();
    let (_, file) = job_folder(place.path(), JOB);
    let answers = [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            2,
            "the proxy does not pass this path on",
        ),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 2, "Callbacks have no Referer"),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nrefused\n",
            2,
            "it reached orgsnap serve, which refused it",
        ),
        (
            "HTTP/1.1 503 Unavailable\r\nContent-Length: 10\r\n\r\ntry again\n",
            4,
            "could not store the event",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            4,
            "see whether orgsnap serve runs",
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://x.example/a?q\r\nContent-Length: 0\r\n\r\n",
            2,
            "it is sent on to https://x.example/a, which",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            2,
            "the 5 bytes are not orgsnap's answer",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2, "does not have the event"),
        ("", 4, "closed without an answer"),
        ("garbage\r\n\r\n", 4, "it cannot be reached"),
    ];
    for (answer, code, said) in answers {
        let server = super::requests::Canned::start(answer);
        let url = format!("http://127.0.0.1:{}", server.port);
        let mut command = orgsnap();
        command.args(["wecom", "send-test", "--agent", "kehu", "--url", &url]).arg(&file);
        command.arg("--data").arg(place.path());
        let (found, stdout, stderr) = text(&command.output().unwrap());
        assert_eq!(found, Some(code), "{answer}\n{stdout}\n{stderr}");
        assert!(stdout.contains(said), "{answer}\n{stdout}");
        for secret in [TOKEN, KEY, "of-the-customers"] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
        }
    }
    // Nothing listens there any more.
    let port = super::requests::Canned::start("").port;
    let mut command = orgsnap();
    command
        .args(["wecom", "send-test", "--json", "--url", &format!("http://127.0.0.1:{port}")])
        .arg(&file);
    let (code, stdout, stderr) = text(&command.output().unwrap());
    let documents: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    // The third has a token that is not set, which is worse than a server that is away.
    assert!(stderr.contains("environment variable UNSET, which is not set"), "{stderr}");
    assert_eq!(
        (code, documents[0]["verdict"].as_str()),
        (Some(2), Some("unreachable")),
        "{stdout}"
    );
    assert_eq!(
        documents.as_array().map(Vec::len),
        Some(2),
        "one step for each application: {stdout}"
    );
}

#[test]
fn send_test_looks_the_event_up_before_it_says_that_it_is_stored() {
    let receiver = Receiver::start();
    let (target, body) = event(MEMBER, "another event", CORP, 1);
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
    let place = tempfile::tempdir().unwrap();
    let (_, file) = job_folder(place.path(), JOB);
    // A server that says yes to everything.
    let server = super::requests::Canned::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (port, code, said) in [
        (server.port, Some(2), "wecom.db does not have the event: another program answered"),
        (receiver.port(), Some(0), "received and stored"),
    ] {
        let mut command = orgsnap();
        command
            .args(["wecom", "send-test", "--agent", "kehu", "--url"])
            .arg(format!("http://127.0.0.1:{port}"))
            .arg(&file)
            .arg("--data")
            .arg(receiver.data.path());
        let (found, stdout, stderr) = text(&command.output().unwrap());
        assert_eq!(found, code, "{stdout}\n{stderr}");
        assert!(stdout.contains(said), "{stdout}");
    }
    // A folder in which nothing was ever received, while serve has another one.
    let mut command = orgsnap();
    command
        .args(["wecom", "send-test", "--agent", "kehu", "--url"])
        .arg(format!("http://127.0.0.1:{}", receiver.port()))
        .arg(&file)
        .arg("--data")
        .arg(place.path().join("elsewhere"));
    let (found, stdout, stderr) = text(&command.output().unwrap());
    assert_eq!(found, Some(2), "{stdout}\n{stderr}");
    assert!(stdout.contains("or orgsnap serve runs with another --data"), "{stdout}");
    assert!(!stdout.contains("with orgsnap wecom send-test"), "{stdout}");
}

#[test]
fn events_that_change_nothing_or_lie_ahead_are_named_in_the_log() {
    let place = tempfile::tempdir().unwrap();
    let (jobs, _) = job_folder(place.path(), JOB);
    let served = Served::start(&jobs, &place.path().join("data"));
    served.wait_until(200, |port| get(port, "/WW_verify_OTLPha66qJcN7Wpf.txt").status);
    let send = |fields: &str| {
        let body =
            format!("<xml>{fields}<ChangeType>create_user</ChangeType><UserID>u</UserID></xml>");
        let (target, body) = event(MEMBER, &body, CORP, 1);
        assert_eq!(post(served.port, &target, body.as_bytes()).status, 200);
    };
    send(
        "<InfoType>change_contact</InfoType><AuthCorpId>wwother</AuthCorpId><TimeStamp>1</TimeStamp>",
    );
    served.wait_for(
        "an event for another corp (AuthCorpId \"wwother\") came to tenant 00010001 agent chengyuan",
    );
    send("<InfoType>change_contact</InfoType><TimeStamp>1</TimeStamp>");
    served
        .wait_for("an event of a suite without AuthCorpId came to tenant 00010001 agent chengyuan");
    send("<Event>change_contact</Event><CreateTime>yesterday</CreateTime>");
    served.wait_for(
        "CreateTime \"yesterday\" of an event of tenant 00010001 agent chengyuan is no number",
    );
    send("<Event>change_contact</Event><CreateTime>4102444800</CreateTime>");
    served.wait_for("s ahead of this machine's time");
}

#[test]
fn wecom_urls_prints_the_urls_to_paste() {
    let place = tempfile::tempdir().unwrap();
    let (_, file) = job_folder(place.path(), JOB);
    let (code, stdout, _) = text(&orgsnap().args(["wecom", "urls"]).arg(&file).output().unwrap());
    assert_eq!(code, Some(0));
    let urls: Vec<&str> =
        stdout.lines().filter(|line| line.starts_with("  ")).map(str::trim).collect();
    let member = "https://wecom.example.com/customer/work-weixin-integration/wxCallBack/member/ww08a41f56c8db31fb/00010001";
    assert_eq!(
        urls,
        [
            format!("{member}/chengyuan").as_str(),
            "https://wecom.example.com/customer/customer-manager/wxCallBack/external/user/ww08a41f56c8db31fb/00010001/kehu",
            &format!("{member}/1000008"),
            &format!("{member}/1000009"),
            "https://wecom.example.com/WW_verify_OTLPha66qJcN7Wpf.txt",
        ]
    );
    let output = orgsnap().args(["wecom", "urls", "--json"]).arg(&file).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["callbacks"][1]["url"], urls[1]);
    assert_eq!(document["callbacks"][2]["configured"], false);
    assert_eq!(document["domain_verification"][0]["content"], "OTLPha66qJcN7Wpf");

    let (_, file) = job_folder(place.path(), "tenant = 't'\n");
    let (code, _, stderr) = text(&orgsnap().args(["wecom", "urls"]).arg(&file).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(stderr.contains("there is no public_url"), "{stderr}");
}

#[test]
fn a_tenant_that_only_takes_callbacks_has_nothing_to_import() {
    let place = tempfile::tempdir().unwrap();
    let (_, file) = job_folder(place.path(), JOB);
    let mut command = orgsnap();
    command.arg("import").arg(&file).arg("--data").arg(place.path().join("data"));
    let (code, _, stderr) = text(&command.output().unwrap());
    assert_eq!(code, Some(2), "{stderr}");
    let said = format!("{}: the job has no [source]", file.display());
    assert!(stderr.contains(&said), "{stderr}");
}
