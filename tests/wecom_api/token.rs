//! Tokens and tickets: fetched once for all, and once more when they expire.

use std::time::Duration;

use orgsnap::wecom::api::{ApiError, Client};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use super::server::{AGENT_ID, APP_SECRET, ApiServer, CONTACTS_SECRET, Enterprise, Misbehaviour};
use super::{client, run, secret};

/// Callers at once.
const MANY: usize = 200;

/// How many of many callers succeed who read the application at once, on several threads as under `serve`.
fn at_once(runtime: &tokio::runtime::Runtime, client: &Client) -> Vec<Result<u64, ApiError>> {
    runtime.block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..MANY {
            let client = client.clone();
            calls.spawn(async move {
                client.agent_get(&secret(APP_SECRET), AGENT_ID).await.map(|agent| agent.agent_id)
            });
        }
        calls.join_all().await
    })
}

fn several_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn two_hundred_calls_at_once_after_an_expiry_ask_for_one_token() {
    let server = ApiServer::start(Enterprise::example());
    server.set_latency(Duration::from_millis(20));
    let (runtime, client) = (several_threads(), client(&server));
    for (round, code) in [(1, 42001), (2, 42001), (3, 40014)] {
        let answers = at_once(&runtime, &client);
        assert!(answers.iter().all(|answer| *answer == Ok(AGENT_ID)), "{answers:?}");
        assert_eq!(server.count("gettoken"), round, "one token in each round");
        server.expire_tokens(code);
    }
    // None in the first round was sent with an expired token; later each may have been, once.
    assert!(server.count("agent/get") >= 3 * MANY && server.count("agent/get") <= 5 * MANY);
    assert!(server.most_at_once() > 10, "the calls did not overlap");
}

#[test]
fn two_hundred_calls_at_once_share_a_token_that_cannot_be_had() {
    let server = ApiServer::start(Enterprise::example());
    server.set_latency(Duration::from_millis(20));
    server.always("gettoken", Some(Misbehaviour::Code(40001, "invalid credential".to_owned())));
    let (runtime, client) = (several_threads(), client(&server));
    let answers = at_once(&runtime, &client);
    assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(|e| e.code() == Some(40001))));
    // A call that begins after the first has failed asks for itself.
    assert!(server.count("gettoken") < MANY / 10, "{} tokens", server.count("gettoken"));
    assert_eq!(server.count("agent/get"), 0);
    server.always("gettoken", None);
    assert!(at_once(&runtime, &client).iter().all(Result::is_ok));
}

#[test]
fn an_empty_token_or_ticket_is_an_answer_not_as_documented() {
    let server = ApiServer::start(Enterprise::example());
    let body = r#"{"errcode":0,"errmsg":"ok","access_token":"","ticket":"","expires_in":7200}"#;
    server.always("gettoken", Some(Misbehaviour::Body(body.to_owned())));
    let client = client(&server);
    let error = run(client.agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap_err();
    assert_eq!(error.fault.name(), "undocumented");
    assert!(error.to_string().contains("the field access_token is empty"), "{error}");
    assert_eq!((server.count("gettoken"), server.count("agent/get")), (1, 0));
    server.always("gettoken", None);
    server.always("get_jsapi_ticket", Some(Misbehaviour::Body(body.to_owned())));
    let error = run(client.jsapi_ticket(&secret(APP_SECRET))).unwrap_err();
    assert!(error.to_string().contains("the field ticket is empty"), "{error}");
}

#[test]
fn a_token_that_is_refused_twice_is_an_error_and_not_a_loop() {
    let server = ApiServer::start(Enterprise::example());
    let expired = Misbehaviour::Code(42001, "access_token expired".to_owned());
    server.always("agent/get", Some(expired));
    let error = run(client(&server).agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap_err();
    assert_eq!(error.code(), Some(42001));
    assert_eq!((server.count("gettoken"), server.count("agent/get")), (2, 2));
}

#[test]
fn a_caller_that_gives_up_leaves_the_token_to_the_next() {
    let server = ApiServer::start(Enterprise::example());
    server.script("gettoken", [Misbehaviour::Stall]);
    let client = client(&server);
    let agent = run(async {
        let first = tokio::spawn({
            let client = client.clone();
            async move { client.agent_get(&secret(APP_SECRET), AGENT_ID).await }
        });
        while server.count("gettoken") == 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let client = client.clone();
            async move { client.agent_get(&secret(APP_SECRET), AGENT_ID).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        second.await.unwrap()
    });
    assert_eq!(agent.unwrap().agent_id, AGENT_ID);
    assert_eq!(server.count("gettoken"), 2);
}

#[test]
fn each_secret_has_its_own_token_which_clones_of_the_client_share() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    for _ in 0..3 {
        let client = client.clone();
        run(client.agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap();
        run(client.department_simplelist(&secret(CONTACTS_SECRET), None)).unwrap();
    }
    assert_eq!(server.count("gettoken"), 2);
    let asked = server.asked();
    let token_of = |call: &str| {
        let asked = asked.iter().filter(|asked| asked.call == call);
        asked.map(|asked| asked.query["access_token"].clone()).collect::<Vec<_>>()
    };
    let (agents, departments) = (token_of("agent/get"), token_of("department/simplelist"));
    assert!(agents.iter().all(|token| *token == agents[0] && *token != departments[0]));
}

#[test]
fn tickets_are_kept_by_kind_and_two_hundred_callers_ask_for_one() {
    let server = ApiServer::start(Enterprise::example());
    server.set_latency(Duration::from_millis(20));
    let (runtime, client) = (several_threads(), client(&server));
    let tickets = runtime.block_on(async {
        let mut calls = JoinSet::new();
        for caller in 0..MANY {
            let client = client.clone();
            calls.spawn(async move {
                let secret = secret(APP_SECRET);
                match caller % 2 {
                    0 => (0, client.jsapi_ticket(&secret).await.unwrap()),
                    _ => (1, client.agent_config_ticket(&secret).await.unwrap()),
                }
            });
        }
        calls.join_all().await
    });
    let of = |kind| {
        let tickets = tickets.iter().filter(move |(of, _)| *of == kind);
        let mut tickets: Vec<&str> = tickets.map(|(_, ticket)| ticket.expose()).collect();
        tickets.dedup();
        tickets
    };
    assert_eq!((of(0).len(), of(1).len()), (1, 1), "one of each kind");
    assert_ne!(of(0), of(1));
    let count = |call| server.count(call);
    assert_eq!((count("gettoken"), count("get_jsapi_ticket"), count("ticket/get")), (1, 1, 1));
    let asked = server.asked();
    let agent_config = asked.iter().find(|asked| asked.call == "ticket/get").unwrap();
    assert_eq!(agent_config.query["type"], "agent_config");
}

#[test]
fn callers_that_come_go_and_find_faults_in_any_order_leave_a_client_that_works() {
    let mut random = ChaCha8Rng::seed_from_u64(13);
    let server = ApiServer::start(Enterprise::example());
    let (runtime, client) = (several_threads(), client(&server));
    let faults = [
        Misbehaviour::Code(-1, "busy".to_owned()),
        Misbehaviour::Code(42001, "expired".to_owned()),
        Misbehaviour::Status(503),
        Misbehaviour::CutOff,
        Misbehaviour::Close,
        Misbehaviour::Body("{".to_owned()),
        Misbehaviour::Slow(Duration::from_millis(10)),
        Misbehaviour::Dribble(Duration::from_micros(10)),
    ];
    let mut succeeded = 0;
    for _ in 0..30 {
        for call in ["gettoken", "agent/get", "get_jsapi_ticket"] {
            let some = (0..random.random_range(0..4))
                .map(|_| faults[random.random_range(0..faults.len())].clone());
            server.script(call, some.collect::<Vec<_>>());
        }
        if random.random_bool(0.5) {
            server.expire_tokens(if random.random_bool(0.5) { 42001 } else { 40014 });
        }
        let dropped: Vec<bool> = (0..40).map(|_| random.random_bool(0.3)).collect();
        succeeded += runtime.block_on(async {
            let calls: Vec<_> = dropped
                .iter()
                .enumerate()
                .map(|(caller, _)| {
                    let client = client.clone();
                    tokio::spawn(async move {
                        let secret = secret(APP_SECRET);
                        match caller % 2 {
                            0 => client.agent_get(&secret, AGENT_ID).await.map(|_| ()),
                            _ => client.jsapi_ticket(&secret).await.map(|_| ()),
                        }
                    })
                })
                .collect();
            let mut succeeded = 0;
            for (call, dropped) in calls.into_iter().zip(dropped) {
                if dropped {
                    call.abort();
                }
                match call.await {
                    Ok(Ok(())) => succeeded += 1,
                    Ok(Err(error)) => {
                        assert!(error.fault.passes() || error.code() == Some(42001), "{error:?}")
                    }
                    Err(ended) => assert!(dropped && ended.is_cancelled(), "{ended}"),
                }
            }
            succeeded
        });
    }
    assert!(succeeded > 100, "{succeeded} calls succeeded");
    // What was scripted and not used up yet would come to the last calls.
    server.forget_script();
    runtime.block_on(client.agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap();
    runtime.block_on(client.jsapi_ticket(&secret(APP_SECRET))).unwrap();
}
