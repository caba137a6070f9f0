//! Logins that somebody meddles with: nobody is logged in as somebody else, and nobody is led away.

use super::site::{Browser, Site, TENANT, agent_id, ask, job_text, percent};
use crate::wecom_api::server::Misbehaviour;

/// Whether an answer logs nobody in, and leads nowhere.
#[track_caller]
fn assert_refused(answer: &super::site::Answer, status: u16) {
    assert_eq!((answer.status, answer.header("location")), (status, None), "{answer:?}");
    let session = answer.headers("set-cookie").find(|cookie| cookie.contains("session"));
    assert_eq!(session, None);
    assert!(!answer.body.contains("C0DE") && !answer.body.contains("T0KEN"), "{answer:?}");
}

/// `callback?code=...&state=...`, taken apart.
fn code_and_state(page: &str) -> (String, String) {
    let (_, query) = page.split_once('?').unwrap();
    let (code, state) = query.split_once('&').unwrap();
    let value = |pair: &str| pair.split_once('=').unwrap().1.to_owned();
    (value(code), value(state))
}

#[test]
fn a_login_that_another_browser_began_is_refused() {
    let site = Site::start("");
    let (mut victim, mut attacker) = (Browser::default(), Browser::default());
    // The attacker lures the victim to the end of a login of the attacker's.
    let page = site.through_wecom("/", &mut attacker);
    assert_refused(&site.get(&page, &victim), 400);
    // The victim has begun one too, by which the attacker's is no better.
    let own = site.through_wecom("/", &mut victim);
    assert_refused(&site.get(&page, &victim), 400);
    // Nor is a code of the attacker's with the victim's state of no use to a browser without the cookie.
    let ((code, _), (_, state)) = (code_and_state(&page), code_and_state(&own));
    assert_refused(&site.get(&format!("callback?code={code}&state={state}"), &attacker), 400);
    assert_eq!(site.api.count("auth/getuserinfo"), 0, "WeCom was not even asked");
    assert_eq!(site.get(&own, &victim).status, 303);
}

#[test]
fn a_forged_state_or_cookie_is_refused() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let page = site.through_wecom("/", &mut browser);
    let (code, state) = code_and_state(&page);
    let (name, cookie) = browser.cookies[0].clone();
    let (_, next) = cookie.split_once('.').unwrap();
    let (head, _) = state.split_at(42);
    let forged = format!("{}{}", &state[..8], "0".repeat(state.len() - 8));
    let forged_head = &forged[..42];
    for (state, cookie) in [
        // Another state, with the cookie that would go with it.
        (forged.as_str(), format!("{forged_head}.{next}")),
        // Another page to be led to: https://evil.example/
        (&state, format!("{head}.aHR0cHM6Ly9ldmlsLmV4YW1wbGUv")),
        (&state, head.to_owned()),
        (&state, String::new()),
        (&state, format!("{forged_head}.{next}")),
    ] {
        let browser = Browser { cookies: vec![(name.clone(), cookie)] };
        assert_refused(&site.get(&format!("callback?code={code}&state={state}"), &browser), 400);
    }
    // A cookie that is there twice was planted.
    let twice = Browser { cookies: vec![(name.clone(), cookie.clone()), (name, cookie)] };
    assert_refused(&site.get(&page, &twice), 400);
    for query in [
        "".to_owned(),
        format!("code={code}"),
        format!("state={state}"),
        format!("code=&state={state}"),
        format!("code={code}&state="),
        format!("code={code}&state=x"),
        format!("code={code}&code={code}&state={state}"),
        format!("code={code}&state={state}&state={state}"),
        format!("code={}&state={state}", "c".repeat(513)),
        format!("code={code}&state={}", state.to_uppercase()),
    ] {
        assert_refused(&site.get(&format!("callback?{query}"), &browser), 400);
    }
    assert_eq!(site.api.count("auth/getuserinfo"), 0);
    assert_eq!(site.get(&page, &browser).status, 303, "and the true one is as good as before");
}

#[test]
fn a_state_is_good_for_five_minutes_and_for_one_process() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let early = site.through_wecom("/", &mut browser);
    site.pass(299);
    let late = site.through_wecom("/", &mut browser);
    assert_eq!(site.get(&early, &browser).status, 303);
    site.pass(300);
    assert_refused(&site.get(&late, &browser), 400);
    site.pass(-10_000);
    assert_refused(&site.get(&late, &browser), 400);
    let fresh = site.through_wecom("/", &mut browser);
    let path = format!("/wecom/{TENANT}/{fresh}");
    // What that one knew to be used is forgotten with it.
    assert_refused(&ask(site.restarted(), "GET", &path, &browser.headers()), 400);
}

#[test]
fn a_state_and_a_code_are_used_once() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let page = site.through_wecom("/", &mut browser);
    let before = browser.clone();
    assert_eq!(site.get(&page, &browser).status, 303);
    // The same browser, which kept its cookie.
    assert_refused(&site.get(&page, &before), 400);
    let (code, state) = code_and_state(&page);
    site.authorize.now_is(Some("A2"));
    let (other_code, other_state) = code_and_state(&site.through_wecom("/", &mut browser));
    let with = |code: &str, state: &str| {
        site.get(&format!("callback?code={code}&state={state}"), &browser)
    };
    // A state that is used with a fresh code, and a code that is used with a fresh state.
    assert_refused(&site.get(&format!("callback?code={other_code}&state={state}"), &before), 400);
    assert_refused(&with(&code, &other_state), 400);
    assert_eq!(site.api.count("auth/getuserinfo"), 1, "no second use gets as far as WeCom");
    // A job file that is taken up anew forgets none of it.
    let public = super::site::PUBLIC;
    let job = job_text(public, &site.api, &site.authorize.url(), "lifetime = '1h'");
    assert!(site.take_up(&job).is_empty());
    assert_refused(&site.get(&page, &before), 400);
    // A code that WeCom knows to be used elsewhere.
    let page = site.through_wecom("/", &mut browser);
    site.api.script("auth/getuserinfo", [Misbehaviour::Code(40029, "invalid code".to_owned())]);
    assert_refused(&site.get(&page, &browser), 400);
}

#[test]
fn a_code_that_wecom_does_not_take_uses_up_nothing() {
    let site = Site::start("");
    let mut browser = Browser::default();
    let page = site.through_wecom("/", &mut browser);
    let (code, state) = code_and_state(&page);
    for attempt in 1..=3 {
        let made_up = format!("callback?code=made-up&state={state}");
        assert_refused(&site.get(&made_up, &browser), 400);
        assert_eq!(site.api.count("auth/getuserinfo"), attempt, "only WeCom knows that it is none");
    }
    // Nor does a person who is no member.
    site.authorize.now_is(None);
    let (outsiders, _) = code_and_state(&site.through_wecom("/", &mut Browser::default()));
    let answer = site.get(&format!("callback?code={outsiders}&state={state}"), &browser);
    assert_refused(&answer, 403);
    let answer = site.get(&format!("callback?code={code}&state={state}"), &browser);
    assert_eq!(answer.status, 303, "the login under way is as good as before");
    assert_refused(&site.get(&page, &browser), 400);
}

#[test]
fn no_login_begins_that_leads_out_of_the_configured_domains() {
    let site = Site::start("domains = ['app.example.com']");
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:\\\\evil.example",
        "https://app.example.com\\@evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com.evil.example",
        "https://аpp.example.com/",
        "https://app.example.com。evil.example",
        "http://app.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "https://app.example.com/\r\n\r\n<script>",
        "\u{0}https://app.example.com",
        "https://app.example.com:8443/",
    ] {
        let answer = site.get(&format!("login?next={}", percent(next)), &Browser::default());
        assert_refused(&answer, 400);
        assert_eq!(answer.header("set-cookie"), None, "{next:?}");
    }
    let twice = site.get("login?next=%2F&next=%2F", &Browser::default());
    assert_refused(&twice, 400);
    let long = site.get(&format!("login?next=/{}", "a".repeat(5_000)), &Browser::default());
    assert_refused(&long, 400);
}

#[test]
fn a_session_that_was_made_up_or_is_of_another_tenant_is_none() {
    let site = Site::start("");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    let (name, value) = browser.cookies[0].clone();
    assert_eq!(site.me(&browser).0, 200);
    let parts: Vec<&str> = value.split('.').collect();
    let [since, expires, member, tag] = parts[..] else { panic!("{value}") };
    for forged in [
        String::new(),
        format!("{since}.9{expires}.{member}.{tag}"),
        format!("9{since}.{expires}.{member}.{tag}"),
        format!("{since}.{expires}.QTI.{tag}"),
        format!("{since}.{expires}.{member}.{}", "0".repeat(64)),
        format!("{since}.{expires}.{member}"),
        format!("{expires}.{member}.{tag}"),
        format!("{value}0"),
    ] {
        let browser = Browser { cookies: vec![(name.clone(), forged.clone())] };
        assert_eq!(site.me(&browser).0, 401, "{forged}");
    }
    // A name that any host of the domain could set is not looked at.
    let plain = name.trim_start_matches("__Host-").to_owned();
    assert_eq!(site.me(&Browser { cookies: vec![(plain, value.clone())] }).0, 401);
    let twice = Browser { cookies: vec![(name.clone(), value.clone()), (name, value.clone())] };
    assert_eq!(site.me(&twice).0, 401);
    // Two tenants of one host.
    let job = job_text(super::site::PUBLIC, &site.api, &site.authorize.url(), "");
    let other = job.replace(TENANT, "00010002");
    let jobs = [super::site::parse(&job), super::site::parse(&other)];
    assert!(site.logins.set_jobs(&jobs.iter().collect::<Vec<_>>()).is_empty());
    assert_eq!(site.me(&browser).0, 200);
    let headers = format!("Cookie: __Host-orgsnap-session.00010002={value}\r\n");
    assert_eq!(ask(site.port, "GET", "/wecom/00010002/me", &headers).status, 401);
}

#[test]
fn a_new_key_ends_all_sessions() {
    let site = Site::start("");
    let mut browser = Browser::default();
    site.log_in(&mut browser);
    let job = job_text(super::site::PUBLIC, &site.api, &site.authorize.url(), "");
    let key = site.data.path().join(TENANT).join("login.key");
    std::fs::remove_file(&key).unwrap();
    assert!(site.take_up(&job).is_empty());
    assert_eq!(site.me(&browser).0, 401);
    std::fs::write(&key, "no key").unwrap();
    let said = site.take_up(&job);
    assert!(said.len() == 1 && said[0].contains("login.key holds no key"), "{said:?}");
    assert_eq!(site.me(&browser).0, 503);
    assert_refused(&site.get("login", &Browser::default()), 503);
}

#[test]
fn pages_that_are_not_configured_are_refused_like_any_other_and_only_get_is_answered() {
    let site = Site::start("");
    let nowhere = ask(site.port, "GET", "/nowhere", "");
    for path in
        ["/wecom/00010002/login", "/wecom/00010001/x", "/wecom/00010001/logi%6e", "/wecom/x/y"]
    {
        let answer = ask(site.port, "GET", path, "");
        assert_eq!((answer.status, &answer.body), (nowhere.status, &nowhere.body), "{path}");
    }
    let mut browser = Browser::default();
    let page = site.through_wecom("/", &mut browser);
    for method in ["HEAD", "POST", "PUT", "OPTIONS", "DELETE"] {
        let path = format!("/wecom/{TENANT}/{page}");
        let answer = ask(site.port, method, &path, &browser.headers());
        assert_refused(&answer, 405);
        assert_eq!(answer.header("allow"), Some("GET"), "{method}");
    }
    assert_eq!(site.get(&page, &browser).status, 303, "none of them has used it up");
    // Without the section nothing is there any more.
    let job = job_text(super::site::PUBLIC, &site.api, &site.authorize.url(), "");
    let (without, _) = job.split_once("[wecom.login]").unwrap();
    assert!(site.take_up(without).is_empty());
    assert_eq!(site.get("login", &browser).status, nowhere.status);
    assert_eq!(site.get("me", &browser).body, nowhere.body);
}

#[test]
fn trouble_of_wecom_is_no_login_and_passes() {
    let site = Site::start("");
    let mut browser = Browser::default();
    for trouble in [
        Misbehaviour::Code(60020, "not allow to access from your ip".to_owned()),
        Misbehaviour::Code(50001, "redirect_url not in the list".to_owned()),
        Misbehaviour::Body("{\"errcode\":0,\"userid\":7}".to_owned()),
        Misbehaviour::Body("<html>".to_owned()),
        Misbehaviour::Body(format!("{{\"errcode\":0,\"userid\":\"{}\"}}", "x".repeat(5_000))),
        Misbehaviour::Body(format!("{{\"errcode\":0,\"userid\":\"{}\"}}", "x".repeat(65))),
        Misbehaviour::Status(404),
        Misbehaviour::Huge(10_000_000),
    ] {
        let page = site.through_wecom("/", &mut browser);
        site.api.always("auth/getuserinfo", Some(trouble));
        let answer = site.get(&page, &browser);
        assert_refused(&answer, 503);
        assert!(answer.body.contains("请稍后重试"), "{answer:?}");
        site.api.always("auth/getuserinfo", None);
    }
    // A token that WeCom no longer takes is fetched anew.
    site.api.expire_tokens(42001);
    assert_eq!(site.log_in(&mut browser).status, 303);
    assert_eq!(site.me(&browser).1["member"], agent_id(1).as_str());
}
