//! Servers in trouble: what is tried again, how often, and what is told.

use std::net::TcpListener;
use std::time::Duration;

use orgsnap::config::job::ApiAddresses;
use orgsnap::model::Cancel;
use orgsnap::wecom::api::{Agent, ApiError, Client, Fault, Limits, block_on};
use tokio::task::JoinSet;

use super::server::{AGENT_ID, APP_SECRET, ApiServer, Enterprise, Misbehaviour};
use super::{PATIENT, client, client_at, run, secret};

async fn agent(client: &Client) -> Result<Agent, ApiError> {
    client.agent_get(&secret(APP_SECRET), AGENT_ID).await
}

fn busy(code: i64) -> Misbehaviour {
    Misbehaviour::Code(code, "system busy".to_owned())
}

/// Faults that pass, each with its name.
fn passing() -> Vec<(Misbehaviour, &'static str)> {
    vec![
        (busy(-1), "code"),
        (busy(45009), "code"),
        (busy(45033), "code"),
        (Misbehaviour::Status(502), "status"),
        (Misbehaviour::Status(429), "status"),
        (Misbehaviour::CutOff, "cut-off"),
        (Misbehaviour::Close, "cut-off"),
        (Misbehaviour::Body("<html>login</html>".to_owned()), "malformed"),
        (Misbehaviour::Body(String::new()), "malformed"),
    ]
}

#[test]
fn faults_that_pass_are_tried_again_wherever_they_come() {
    for call in ["gettoken", "agent/get"] {
        for (misbehaviour, name) in passing() {
            let server = ApiServer::start(Enterprise::example());
            server.script(call, [misbehaviour.clone(), misbehaviour.clone()]);
            let client = client(&server);
            assert_eq!(run(agent(&client)).unwrap().agent_id, AGENT_ID, "{call} {misbehaviour:?}");
            assert_eq!(server.count(call), 3, "{call} {misbehaviour:?}");
            // A third time is once too often.
            server.always("agent/get", Some(misbehaviour.clone()));
            let error = run(agent(&client)).unwrap_err();
            assert_eq!(error.fault.name(), name, "{misbehaviour:?}");
            assert!(error.fault.passes());
        }
    }
}

#[test]
fn faults_that_do_not_pass_are_asked_for_once() {
    for (misbehaviour, name) in [
        (busy(40001), "code"),
        (busy(48002), "code"),
        (busy(60020), "code"),
        (busy(99_999), "code"),
        (Misbehaviour::Body("{\"errcode\":0,\"errmsg\":\"ok\"}".to_owned()), "undocumented"),
        (Misbehaviour::Status(302), "status"),
        (Misbehaviour::Status(403), "status"),
        (Misbehaviour::Huge(5 << 20), "too-long"),
    ] {
        let server = ApiServer::start(Enterprise::example());
        server.always("agent/get", Some(misbehaviour.clone()));
        let error = run(agent(&client(&server))).unwrap_err();
        assert_eq!(error.fault.name(), name, "{misbehaviour:?}");
        assert_eq!(server.count("agent/get"), 1, "{misbehaviour:?}");
    }
}

#[test]
fn many_callers_of_a_server_in_trouble_share_a_budget_of_retries() {
    const CALLERS: usize = 200;
    let server = ApiServer::start(Enterprise::example());
    server.always("agent/get", Some(busy(-1)));
    let client = client(&server);
    run(async {
        let mut calls = JoinSet::new();
        for _ in 0..CALLERS {
            let client = client.clone();
            calls.spawn(async move { agent(&client).await.unwrap_err() });
        }
        calls.join_all().await
    });
    let retries = server.count("agent/get") - CALLERS;
    assert!(retries >= 20, "{retries} retries");
    // Without the budget there would be two for each.
    assert!(retries < CALLERS, "{retries} retries");
}

#[test]
fn a_server_that_does_not_answer_or_never_ends_costs_no_more_than_the_limits() {
    let limits = Limits { total: Duration::from_millis(300), request: PATIENT.request, ..PATIENT };
    let request = Limits { request: Duration::from_millis(100), attempts: 1, ..PATIENT };
    for misbehaviour in [
        Misbehaviour::Stall,
        Misbehaviour::Slow(Duration::from_secs(100)),
        Misbehaviour::Dribble(Duration::from_secs(1)),
    ] {
        for (call, limits) in [("gettoken", limits), ("agent/get", limits), ("agent/get", request)]
        {
            let server = ApiServer::start(Enterprise::example());
            let client = client(&server);
            if call == "agent/get" {
                run(client.jsapi_ticket(&secret(APP_SECRET))).unwrap();
            }
            server.always(call, Some(misbehaviour.clone()));
            let error = run(agent(&client.with_limits(limits))).unwrap_err();
            assert_eq!(error.fault, Fault::TimedOut, "{call} {misbehaviour:?}");
            assert!(error.message().zh.contains("未在时限内响应"), "{error:?}");
        }
    }
}

#[test]
fn a_request_that_is_too_slow_is_tried_again() {
    let server = ApiServer::start(Enterprise::example());
    server.script("agent/get", [Misbehaviour::Stall]);
    let client = client(&server);
    run(client.jsapi_ticket(&secret(APP_SECRET))).unwrap();
    let limits = Limits { request: Duration::from_secs(2), ..PATIENT };
    assert_eq!(run(agent(&client.with_limits(limits))).unwrap().agent_id, AGENT_ID);
    assert_eq!(server.count("agent/get"), 2);
}

#[test]
fn a_code_of_the_login_page_is_sent_again_only_if_it_was_not_used() {
    for (misbehaviour, times) in
        [(busy(-1), 2), (Misbehaviour::CutOff, 1), (Misbehaviour::Status(502), 1)]
    {
        let server = ApiServer::start(Enterprise::example());
        server.change(|enterprise| {
            enterprise.codes = [("C1".to_owned(), Some("A1".to_owned()))].into();
        });
        server.script("auth/getuserinfo", [misbehaviour]);
        let outcome = run(client(&server).user_info_by_code(&secret(APP_SECRET), "C1"));
        assert_eq!(outcome.is_ok(), times == 2, "{outcome:?}");
        assert_eq!(server.count("auth/getuserinfo"), times);
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_told_with_its_address() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, reason) in [
        (format!("http://{closed}"), "连接被拒绝"),
        ("http://no-such-host.invalid".to_owned(), "域名无法解析"),
    ] {
        let addresses = ApiAddresses { api_url: url.clone(), ..ApiAddresses::default() };
        let error = run(agent(&client_at(&addresses))).unwrap_err();
        assert_eq!(error.fault.name(), "unreachable");
        let told = error.message().zh;
        assert!(told.contains(&url) && told.contains(reason), "{told}");
    }
    let addresses = ApiAddresses { api_url: "nonsense".to_owned(), ..ApiAddresses::default() };
    assert_eq!(run(agent(&client_at(&addresses))).unwrap_err().fault.name(), "setup");
}

#[test]
fn calls_from_a_thread_end_when_the_program_is_asked_to_stop() {
    let server = ApiServer::start(Enterprise::example());
    let (client, cancel) = (client(&server), Cancel::new());
    assert_eq!(block_on(&cancel, agent(&client)).unwrap().agent_id, AGENT_ID);
    server.always("gettoken", Some(Misbehaviour::Stall));
    let (stalled, asker) = (server.clone(), cancel.clone());
    std::thread::spawn(move || {
        while stalled.count("gettoken") < 2 {
            std::thread::yield_now();
        }
        asker.ask();
    });
    let fresh = super::client(&server);
    assert_eq!(block_on(&cancel, agent(&fresh)), Err(ApiError::cancelled()));
}
