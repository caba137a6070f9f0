//! The login as `orgsnap serve` has it, and what its log and `wecom urls` say.

use std::cell::RefCell;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::authorize_page::AuthorizePage;
use super::site::{Answer, Browser, PUBLIC, TENANT, agent_id, ask, company, job_text, percent};
use crate::callbacks::served::Served;
use crate::wecom_api::server::{APP_SECRET, ApiServer, Enterprise, Misbehaviour};

#[test]
fn a_login_under_serve_leaves_nothing_secret_in_the_log_at_trace_level() {
    let place = tempfile::tempdir().unwrap();
    let (jobs, data) = (place.path().join("jobs"), place.path().join("data"));
    fs::create_dir_all(data.join(TENANT)).unwrap();
    fs::create_dir(&jobs).unwrap();
    let database = company().join("data").join(TENANT).join("org.db");
    fs::copy(database, data.join(TENANT).join("org.db")).unwrap();
    let api = ApiServer::start(Enterprise::example());
    let person = agent_id(1);
    let authorize = AuthorizePage::start(&api, "wecom.example.com", &person);
    fs::write(jobs.join("x.toml"), job_text(PUBLIC, &api, &authorize.url(), "")).unwrap();
    let served = Served::logging("-vvv", &jobs, &data);
    let path = |page: &str| format!("/wecom/{TENANT}/{page}");
    served.wait_until(303, |port| ask(port, "GET", &path("login"), "").status);

    let mut browser = Browser::default();
    let secrets =
        RefCell::new([APP_SECRET, "C0DE", "T0KEN", "PAGE-S3CRET"].map(str::to_owned).to_vec());
    let get = |page: &str, browser: &mut Browser| -> Answer {
        let answer = ask(served.port, "GET", &path(page), &browser.headers());
        browser.take(&answer);
        secrets.borrow_mut().extend(browser.cookies.iter().map(|(_, value)| value.clone()));
        answer
    };
    let next = percent("https://wecom.example.com/page?ticket=PAGE-S3CRET");
    let begin = |browser: &mut Browser| {
        let answer = get(&format!("login?next={next}"), browser);
        let back = authorize.leads_to(answer.header("location").unwrap());
        back.rsplit_once('/').unwrap().1.to_owned()
    };
    let page = begin(&mut browser);
    let forged = page.replace("state=", "state=0");
    let other = begin(&mut browser);
    let bad_code = begin(&mut browser);
    assert_eq!(get(&forged, &mut browser).status, 400);
    assert_eq!(get(&other, &mut Browser::default()).status, 400);
    assert_eq!(get(&page, &mut browser.clone()).status, 303);
    assert_eq!(get(&page, &mut browser).status, 400);
    api.script("auth/getuserinfo", [Misbehaviour::Code(60020, "from ip: 203.0.113.7".to_owned())]);
    assert_eq!(get(&bad_code, &mut browser).status, 503);
    let page = begin(&mut browser);
    assert_eq!(get(&page, &mut browser).status, 303);
    let me = get("me", &mut browser);
    assert_eq!((me.status, me.body.contains(&person)), (200, true));
    let signed = format!("js-sdk?url={next}");
    assert_eq!(get(&signed, &mut browser).status, 200);
    assert_eq!(get("js-sdk?url=https://evil.example/PAGE-S3CRET", &mut browser).status, 403);
    served.wait_for("203.0.113.7");
    served.wait_for("the page to sign for the JS-SDK (url) is refused");
    served.wait_for("a state or a code was used a second time; refused");
    served.wait_for("a member has logged in");

    let log = served.log();
    let mut secrets = secrets.into_inner();
    secrets
        .push(fs::read_to_string(data.join(TENANT).join("login.key")).unwrap().trim().to_owned());
    // The state is what a cookie begins with; a session is signed behind its last dot.
    let parts: Vec<String> = secrets
        .iter()
        .flat_map(|secret| secret.split('.'))
        .filter(|part| part.len() > 3)
        .map(str::to_owned)
        .collect();
    assert!(secrets.len() > 10, "{secrets:?}");
    for secret in secrets.iter().chain(&parts) {
        // When a session ends is no secret.
        if !secret.bytes().all(|b| b.is_ascii_digit()) {
            assert!(!log.contains(secret.as_str()), "{secret} is in the log:\n{log}");
        }
    }
    for name in ["code=", "state=", "?next", "?url", "Cookie:", "cookie:"] {
        assert!(!log.contains(name), "{name} is in the log:\n{log}");
    }
}

#[test]
fn wecom_urls_prints_the_trusted_domains_and_the_addresses_of_the_login() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("x.toml");
    let api = ApiServer::start(Enterprise::example());
    fs::write(&file, job_text(PUBLIC, &api, &api.url(), "domains = ['app.example.com']")).unwrap();
    let printed = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        command.args(["--lang", "en", "wecom", "urls"]).args(arguments).arg(&file);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = printed(&[]);
    let lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("  ")).map(str::trim).skip(1).collect();
    let base = format!("{PUBLIC}/wecom/{TENANT}");
    let expected = [
        "wecom.example.com".to_owned(),
        "app.example.com".to_owned(),
        format!("{base}/login?next="),
        format!("{base}/me"),
        format!("{base}/js-sdk?url="),
    ];
    assert_eq!(lines, expected, "{text}");
    let document: Value = serde_json::from_str(&printed(&["--json"])).unwrap();
    crate::schemas::assert_valid("wecom-urls", &document);
    assert_eq!(document["login"]["trusted_domains"], serde_json::json!(expected[..2]));
    assert_eq!(document["login"]["login_url"], expected[2]);
}
