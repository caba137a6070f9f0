//! Logins that go as they should, and what pages are told then.

use serde_json::json;

use super::site::{Browser, PUBLIC, Site, TENANT, agent, agent_id, ask};

#[test]
fn a_member_logs_in_and_the_page_learns_the_agent_the_team_and_the_path_of_organisations() {
    let site = Site::start("domains = ['app.example.com']");
    let mut browser = Browser::default();
    let (status, document) = site.me(&browser);
    assert_eq!((status, &document["error"]), (401, &json!("not-logged-in")));

    let next = "https://app.example.com/page?a=1&b=%E4%BD%A0#/route";
    let page = site.through_wecom(next, &mut browser);
    let answer = site.get(&page, &browser);
    assert_eq!((answer.status, answer.header("location")), (303, Some(next)), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    browser.take(&answer);
    let names: Vec<&str> = browser.cookies.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [format!("__Host-orgsnap-session.{TENANT}")], "the other one is gone");

    let agent = agent(1);
    assert!(agent.iter().all(Option::is_some), "{agent:?}");
    let expected = json!({
        "member": agent[0],
        "agent": {
            "id": agent[0], "name": agent[1],
            "team": { "id": agent[2], "name": agent[3], "path": agent[4] },
            "organisation": { "id": agent[5], "name": agent[6], "path": agent[7] },
        },
        "business_date": "2026-11-27",
    });
    assert_eq!(site.me(&browser), (200, expected));
    assert_eq!(site.api.count("gettoken"), 1);
}

#[test]
fn a_member_who_is_no_active_agent_is_told_apart_from_nobody() {
    let site = Site::start("");
    let left = agent_id(2);
    for (person, status) in [(left.as_str(), "left"), ("office.staff", "unknown")] {
        site.authorize.now_is(Some(person));
        let mut browser = Browser::default();
        assert_eq!(site.log_in(&mut browser).status, 303, "{person}");
        let (code, document) = site.me(&browser);
        assert_eq!((code, &document["status"]), (403, &json!(status)));
        assert_eq!(
            (&document["error"], &document["member"]),
            (&json!("no-active-agent"), &json!(person))
        );
    }
    let active = agent_id(1);
    for person in [None, Some("ww0123456789abcdef/A1"), Some(&*format!("ww9/{active}"))] {
        site.authorize.now_is(person);
        let mut browser = Browser::default();
        let answer = site.log_in(&mut browser);
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains("您不是本企业的成员") && answer.body.contains("no member"));
        assert!(browser.cookies.is_empty(), "{browser:?}");
        assert_eq!(site.me(&browser).0, 401);
    }
}

#[test]
fn a_session_ends_after_its_lifetime_and_survives_a_restart() {
    let site = Site::start("lifetime = '30m'");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    let restarted = site.restarted();
    let me =
        |port: u16| ask(port, "GET", &format!("/wecom/{TENANT}/me"), &browser.headers()).status;
    assert_eq!((me(site.port), me(restarted)), (200, 200));
    site.pass(30 * 60 - 1);
    assert_eq!((me(site.port), me(restarted)), (200, 200));
    site.pass(1);
    assert_eq!((me(site.port), me(restarted)), (401, 401));
}

#[test]
fn several_tabs_log_in_at_once_and_what_a_browser_keeps_of_them_is_bounded() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let pages: Vec<String> =
        (0..5).map(|tab| site.through_wecom(&format!("/tab{tab}"), &mut browser)).collect();
    assert_eq!(browser.cookies.len(), 5);
    let sixth = site.through_wecom("/tab5", &mut browser);
    assert_eq!(browser.cookies.len(), 5, "the oldest one is forgotten");
    assert_eq!(site.get(&pages[0], &browser).status, 400);
    for (tab, page) in pages.iter().chain([&sixth]).enumerate().skip(1) {
        let answer = site.get(page, &browser);
        let next = format!("{PUBLIC}/tab{tab}");
        assert_eq!((answer.status, answer.header("location")), (303, Some(next.as_str())));
        browser.take(&answer);
    }
}

#[test]
fn a_page_of_a_configured_domain_may_read_the_answer_and_no_other() {
    let site = Site::start("domains = ['app.example.com']");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    for (origin, allowed) in [
        ("https://app.example.com", true),
        (PUBLIC, true),
        ("https://evil.example", false),
        ("http://app.example.com", false),
        ("https://app.example.com.evil.example", false),
        ("null", false),
    ] {
        for page in ["me", "js-sdk?url=https%3A%2F%2Fapp.example.com%2F"] {
            let headers = format!("{}Origin: {origin}\r\n", browser.headers());
            let answer = ask(site.port, "GET", &format!("/wecom/{TENANT}/{page}"), &headers);
            let found = answer.header("access-control-allow-origin");
            assert_eq!(found, allowed.then_some(origin), "{page}");
            let credentials = answer.header("access-control-allow-credentials");
            assert_eq!(credentials, allowed.then_some("true"));
            assert_eq!(answer.header("vary"), Some("Origin"));
            assert_eq!(answer.status, 200);
        }
    }
}

#[test]
fn a_tenant_without_a_database_can_log_in_and_is_told_to_try_later() {
    let site = Site::start("");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    std::fs::remove_file(site.data.path().join(TENANT).join("org.db")).unwrap();
    let (status, document) = site.me(&browser);
    assert_eq!((status, &document["error"]), (503, &json!("unavailable")));
}

#[test]
fn a_member_is_the_agent_that_the_mapping_of_the_roster_says() {
    let site = Site::start("[wecom.roster]\nfield = 'id'\nprefix = 'dl_'");
    let id = agent_id(1);
    let mut browser = Browser::default();
    site.authorize.now_is(Some(&format!("DL_{id}")));
    site.log_in(&mut browser);
    let (status, document) = site.me(&browser);
    assert_eq!((status, &document["agent"]["id"]), (200, &json!(id)));
    site.authorize.now_is(Some(&id));
    site.log_in(&mut browser);
    assert_eq!(site.me(&browser).1["status"], "unknown");
    let job = super::site::job_text(
        PUBLIC,
        &site.api,
        &site.authorize.url(),
        "[wecom.roster]\nfield = 'agentNumber'",
    );
    let said = site.take_up(&job);
    assert!(said.len() == 1 && said[0].contains("\"agentNumber\" of [wecom.roster]"), "{said:?}");
    assert_eq!(site.me(&browser).0, 503);
}
