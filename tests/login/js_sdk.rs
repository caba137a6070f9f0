//! What `wx.config` and `wx.agentConfig` need: signatures for the configured domains, from tickets that are fetched once.

use std::sync::Arc;
use std::thread;

use serde_json::Value;
use sha1::{Digest as _, Sha1};

use super::site::{Answer, Browser, Site, TENANT, ask, percent};
use crate::wecom_api::server::{CORP_ID, Misbehaviour};

fn sign(site: &Site, url: &str) -> Answer {
    let answer = site.get(&format!("js-sdk?url={}", percent(url)), &Browser::default());
    crate::schemas::assert_valid("wecom-js-sdk", &serde_json::from_str(&answer.body).unwrap());
    answer
}

/// Whether a part of the answer is signed with one of the tickets that the server of the API gave out; which.
#[track_caller]
fn ticket_of(part: &Value, url: &str) -> usize {
    let text = |name: &str| part[name].as_str().unwrap().to_owned();
    let (nonce, timestamp) = (text("nonceStr"), part["timestamp"].as_i64().unwrap());
    let signed = |number: &usize| {
        let ticket = format!("T0KEN-{number}-{}", "x".repeat(200));
        let signed =
            format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
        let hex: String = Sha1::digest(signed).iter().map(|byte| format!("{byte:02x}")).collect();
        hex == text("signature")
    };
    (1..100).find(signed).expect("signed with a ticket")
}

#[test]
fn a_page_gets_both_signatures_for_its_address_without_the_fragment() {
    let site = Site::start("domains = ['app.example.com']");
    let url = "https://app.example.com/a/./b?c=%2f&d=e";
    let answer = sign(&site, &format!("{url}#/route"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("T0KEN"), "a ticket is never told");
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let (config, agent) = (&document["config"], &document["agentConfig"]);
    let tickets = [ticket_of(config, url), ticket_of(agent, url)];
    assert_ne!(tickets[0], tickets[1], "each has its own ticket");
    assert_eq!(config["appId"], CORP_ID);
    assert_eq!((&agent["corpid"], &agent["agentid"]), (&CORP_ID.into(), &1_000_008.into()));
    assert_eq!(config["timestamp"], 1_795_852_800);
    let of_kind = |kind: Option<&str>| {
        let asked = site.api.asked();
        let asked =
            asked.iter().filter(|asked| asked.query.get("type").map(String::as_str) == kind);
        asked.filter(|asked| asked.call.contains("ticket")).count()
    };
    assert_eq!((of_kind(None), of_kind(Some("agent_config"))), (1, 1));
    // Another page has another signature from the same tickets.
    let again: Value =
        serde_json::from_str(&sign(&site, "https://wecom.example.com/").body).unwrap();
    assert_eq!(ticket_of(&again["config"], "https://wecom.example.com/"), tickets[0]);
    assert_ne!(again["config"]["nonceStr"], config["nonceStr"]);
    assert_eq!((of_kind(None), of_kind(Some("agent_config"))), (1, 1));
}

#[test]
fn pages_of_other_domains_are_not_signed() {
    let site = Site::start("domains = ['app.example.com']");
    for url in [
        "https://evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com\\@evil.example/",
        "https://evil.example\\.app.example.com",
        "//app.example.com/",
        "/page",
        "http://app.example.com/",
        "https://app.example.com\r\n&jsapi_ticket=x",
        "https://аpp.example.com/",
    ] {
        assert_eq!(sign(&site, url).status, 403, "{url:?}");
    }
    for query in ["", "?url=", "?url=https%3A%2F%2Fapp.example.com%2F&url=x"] {
        assert_eq!(site.get(&format!("js-sdk{query}"), &Browser::default()).status, 400, "{query}");
    }
    assert!(site.api.asked().is_empty(), "nobody's page costs a call");
}

#[test]
fn two_hundred_pages_at_once_ask_for_one_ticket_of_each_kind() {
    let site = Arc::new(Site::start(""));
    let threads: Vec<_> = (0..200)
        .map(|_| {
            let site = Arc::clone(&site);
            thread::spawn(move || sign(&site, "https://wecom.example.com/").status)
        })
        .collect();
    let statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(statuses, [200; 200]);
    let counts = ["gettoken", "get_jsapi_ticket", "ticket/get"].map(|call| site.api.count(call));
    assert_eq!(counts, [1, 1, 1]);
    // The job file is read again every half minute, which is no reason to ask for others.
    let job = super::site::job_text(super::site::PUBLIC, &site.api, &site.authorize.url(), "");
    assert!(site.take_up(&job).is_empty());
    assert_eq!(sign(&site, "https://wecom.example.com/").status, 200);
    assert_eq!(site.api.count("ticket/get"), 1);
}

#[test]
fn a_ticket_that_cannot_be_had_is_asked_for_again_by_the_next_page() {
    let site = Site::start("");
    site.api.script("ticket/get", [Misbehaviour::Code(48002, "api forbidden".to_owned())]);
    let path = format!("/wecom/{TENANT}/js-sdk?url=https%3A%2F%2Fwecom.example.com%2F");
    let answer = ask(site.port, "GET", &path, "");
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &document["error"]), (503, &"unavailable".into()));
    assert!(!answer.body.contains("48002"), "that is for the log");
    assert_eq!(ask(site.port, "GET", &path, "").status, 200);
}
