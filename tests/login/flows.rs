//! Logins that go as they should, and what pages are told then.

use serde_json::json;

use super::site::{self, Browser, PUBLIC, Site, TENANT, agent, agent_id, ask};
use crate::wecom_api::server::Misbehaviour;

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
        (0..4).map(|tab| site.through_wecom(&format!("/tab{tab}"), &mut browser)).collect();
    assert_eq!(browser.cookies.len(), 4);
    let fifth = site.through_wecom("/tab4", &mut browser);
    assert_eq!(browser.cookies.len(), 4, "the oldest one is forgotten");
    assert_eq!(site.get(&pages[0], &browser).status, 400);
    for (tab, page) in pages.iter().chain([&fifth]).enumerate().skip(1) {
        let answer = site.get(page, &browser);
        let next = format!("{PUBLIC}/tab{tab}");
        assert_eq!((answer.status, answer.header("location")), (303, Some(next.as_str())));
        browser.take(&answer);
    }
}

#[test]
fn the_cookies_of_logins_with_the_longest_addresses_of_two_tenants_stay_below_four_kibibytes() {
    let site = Site::start("");
    let job = super::site::job_text(PUBLIC, &site.api, &site.authorize.url(), "");
    let jobs = [site::parse(&job), site::parse(&job.replace(TENANT, "00010002"))];
    assert!(site.logins.set_jobs(&jobs.iter().collect::<Vec<_>>()).is_empty());
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    // PUBLIC and the slash are part of the address.
    let longest = format!("/{}", "x".repeat(512 - PUBLIC.len() - 1));
    for _ in 0..10 {
        // `headers` bounds the line that is sent.
        site.begin(&longest, &mut browser);
        let path = format!("/wecom/00010002/login?next={longest}");
        let answer = ask(site.port, "GET", &path, &browser.headers());
        assert_eq!(answer.status, 303);
        browser.take(&answer);
    }
    assert_eq!(browser.cookies.len(), 5, "four logins under way and a session: {browser:?}");
    let page = site.through_wecom(&longest, &mut browser);
    let answer = site.get(&page, &browser);
    assert_eq!(answer.header("location"), Some(&*format!("{PUBLIC}{longest}")));
    let answer = site.get(&format!("login?next={longest}x"), &browser);
    assert_eq!((answer.status, answer.header("set-cookie")), (400, None));
    assert!(answer.body.contains("超过 512 字节") && answer.body.contains("more than 512 bytes"));
    let answer = site.get(&format!("login?next=/{}", "x".repeat(7_000)), &browser);
    assert!(answer.status == 400 && answer.body.contains("more than 512 bytes"), "{answer:?}");
}

#[test]
fn a_code_that_wecom_no_longer_takes_is_the_browsers_fault_and_leads_back_to_the_same_page() {
    let site = Site::start("");
    let next = "/page?a=1&b=\"<script>";
    for code in [40029, 40163, 42003] {
        let mut browser = Browser::default();
        let page = site.through_wecom(next, &mut browser);
        let before = site.api.count("auth/getuserinfo");
        site.api.script("auth/getuserinfo", [Misbehaviour::Code(code, "no good".to_owned())]);
        let answer = site.get(&page, &browser);
        assert_eq!(answer.status, 400, "{code}");
        assert_eq!(site.api.count("auth/getuserinfo"), before + 1, "it is not asked again");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.body.contains("登录未完成"), "{answer:?}");
        let (_, link) = answer.body.split_once("<a href=\"").unwrap();
        let (link, _) = link.split_once('"').unwrap();
        browser.take(&answer);
        assert_eq!(browser.cookies, []);
        let again = ask(site.port, "GET", &link.replace("&#38;", "&"), "");
        browser.take(&again);
        let back = site.authorize.leads_to(again.header("location").unwrap());
        let page = back.strip_prefix(&format!("{PUBLIC}/wecom/{TENANT}/")).unwrap();
        let answer = site.get(page, &browser);
        let location = format!("{PUBLIC}/page?a=1&b=%22%3Cscript%3E");
        assert_eq!(answer.header("location"), Some(location.as_str()), "{answer:?}");
    }
}

#[test]
fn a_login_that_took_too_long_leads_back_to_its_page_and_one_of_another_browser_nowhere() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let page = site.through_wecom("/page", &mut browser);
    let stranger = site.get(&page, &Browser::default());
    assert!(stranger.status == 400 && !stranger.body.contains("href"), "{stranger:?}");
    site.pass(301);
    let answer = site.get(&page, &browser);
    let link =
        format!("href=\"/wecom/{TENANT}/login?next=https%3A%2F%2Fwecom.example.com%2Fpage\"");
    assert!(answer.status == 400 && answer.body.contains(&link), "{answer:?}");
}

/// Stores an event of a member that happened at a time and came at another, both in seconds since the login at eight.
fn store_event(site: &Site, came: i64, at: i64, change: &str, user: &str, more: &str) {
    let eight = "2026-11-28T08:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let (came, at) = (eight.timestamp() + came, eight.timestamp() + at);
    let body = format!(
        "<xml><CreateTime>{at}</CreateTime><Event>change_contact</Event><ChangeType>{change}</ChangeType>\
         <UserID>{user}</UserID>{more}</xml>"
    );
    crate::wecom_db::store_at(&site.data.path().join(TENANT), came, body.as_bytes());
}

#[test]
fn a_session_ends_for_good_when_callbacks_tell_that_the_member_left_after_the_login() {
    let id = agent_id(1);
    let renamed = "<NewUserID>renamed</NewUserID>";
    for (change, more) in [
        ("delete_user", ""),
        ("update_user", "<Status>5</Status>"),
        ("update_user", "<Status>2</Status>"),
        ("update_user", renamed),
    ] {
        let site = Site::start("");
        let event = |at: i64, change: &str, user: &str, more: &str| {
            store_event(&site, at.max(0), at, change, user, more);
        };
        let mut browser = Browser::default();
        site.log_in(&mut browser);
        // Before the login; somebody else; and changes that are no departure.
        event(-10, "delete_user", &id, "");
        event(1, "delete_user", "somebody.else", "");
        event(2, "create_user", &id, "<Name>n</Name>");
        event(3, "update_user", &id, "<Status>1</Status>");
        assert_eq!(site.me(&browser).0, 200, "{change} {more}");
        event(4, change, &id, more);
        let (status, document) = site.me(&browser);
        assert_eq!((status, &document["error"]), (401, &json!("not-logged-in")), "{change} {more}");
        // The id goes on, be it with the same member or a newcomer.
        event(5, "create_user", &id, "<Name>m</Name><Status>1</Status>");
        event(6, "update_user", &id, "<Status>1</Status>");
        event(7, "update_user", "renamed", &format!("<NewUserID>{id}</NewUserID>"));
        assert_eq!(site.me(&browser).0, 401, "{change} {more}");
        // Who logs in afterwards is whom WeCom says, whatever comes late or again.
        site.pass(8);
        site.log_in(&mut browser);
        assert_eq!(site.me(&browser).0, 200, "{change} {more}");
        store_event(&site, 20, 4, change, &id, more);
        store_event(&site, 21, 5, "delete_user", &id, "<Name>late</Name>");
        assert_eq!(site.me(&browser).0, 200, "{change} {more}");
        event(30, "delete_user", &id, "");
        assert_eq!(site.me(&browser).0, 401, "{change} {more}");
        std::fs::write(site.data.path().join(TENANT).join("wecom.db"), "no database").unwrap();
        assert_eq!(site.me(&browser).0, 503, "nobody is let in on a guess");
    }
}

#[test]
fn a_session_ends_by_events_that_name_the_member_in_another_case_or_by_an_id_before() {
    for deleted in ["zhang.SAN", "Before"] {
        let site = Site::start("");
        let mut browser = Browser::default();
        let renamed = "<NewUserID>Zhang.San</NewUserID>";
        store_event(&site, -20, -20, "update_user", "Before", renamed);
        site.authorize.now_is(Some("Zhang.San"));
        site.log_in(&mut browser);
        let lower_case = "<NewUserID>zhang.san</NewUserID>";
        store_event(&site, 2, 2, "update_user", "ZHANG.SAN", lower_case);
        assert_eq!(site.me(&browser).0, 403, "{deleted}: a member still, if no agent");
        store_event(&site, 3, 3, "delete_user", deleted, "");
        assert_eq!(site.me(&browser).0, 401, "{deleted}");
    }
}

#[test]
fn an_agent_who_left_by_the_newest_snapshot_is_told_so_at_once() {
    let site = Site::start("");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    assert_eq!(site.me(&browser).0, 200);
    let database = site.data.path().join(TENANT).join("org.db");
    let conn = rusqlite::Connection::open(database).unwrap();
    let id = agent_id(1);
    conn.execute("update agent set agent_status = 2 where id = ?1", [&id]).unwrap();
    assert_eq!(site.me(&browser).1["status"], "left");
    conn.execute("pragma foreign_keys = off", []).unwrap();
    conn.execute("delete from agent where id = ?1", [&id]).unwrap();
    let (status, document) = site.me(&browser);
    assert_eq!((status, &document["status"]), (403, &json!("unknown")));
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
