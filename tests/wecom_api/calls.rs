//! Each call, right, wrong and absent.

use chrono::{TimeZone, Utc};
use orgsnap::config::job::AccountKind;
use orgsnap::wecom::api::{
    ApiError, Department, ExpectedAgent, Fault, Member, Responsible, Visitor, problems,
};
use serde_json::json;

use super::server::{
    ACCOUNT, AGENT_ID, APP_SECRET, ApiServer, CONTACTS_SECRET, Enterprise, Misbehaviour,
};
use super::{client, run, secret};

fn code<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> Option<i64> {
    outcome.unwrap_err().code()
}

#[test]
fn an_application_is_read_with_its_domain_its_state_and_its_scope() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    let get = || run(client.agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap();
    let expected = ExpectedAgent { agent_id: AGENT_ID, domain: Some("https://wecom.example.com") };
    assert_eq!(problems(expected, &get()), []);
    server.change(|enterprise| {
        let app = &mut enterprise.apps[0];
        app.stopped = true;
        app.trusted_domain = "other.example.com".to_owned();
        app.departments = vec![2];
        app.scope_members = vec!["A1".to_owned(), "A2".to_owned()];
        app.tags = vec![7];
    });
    let agent = get();
    assert!(agent.stopped && !agent.scope.is_whole());
    assert_eq!((agent.name.as_str(), agent.trusted_domain.as_str()), ("集牛", "other.example.com"));
    assert_eq!((agent.scope.members.len(), &agent.scope.tags[..]), (2, &[7][..]));
    let names: Vec<_> = problems(expected, &agent).iter().map(|problem| problem.name()).collect();
    assert_eq!(names, ["stopped", "other-trusted-domain", "narrow-scope"]);
    // What there is none of may be null or absent.
    let bare = json!({ "errcode": 0, "agentid": AGENT_ID, "allow_partys": null, "name": null });
    server.script("agent/get", [Misbehaviour::Body(bare.to_string())]);
    let names: Vec<_> = problems(expected, &get()).iter().map(|problem| problem.name()).collect();
    assert_eq!(names, ["no-trusted-domain", "narrow-scope"]);
}

#[test]
fn wrong_corp_id_secret_and_agent_id_of_an_application_are_told_apart() {
    let server = ApiServer::start(Enterprise::example());
    let right = client(&server);
    assert_eq!(code(run(right.agent_get(&secret("wrong"), AGENT_ID))), Some(40001));
    assert_eq!(code(run(right.agent_get(&secret(APP_SECRET), 1))), Some(301_002));
    assert_eq!(code(run(right.agent_get(&secret(CONTACTS_SECRET), AGENT_ID))), Some(301_002));
    server.change(|enterprise| enterprise.corp_id = "ww0000000000000000".to_owned());
    let error = run(client(&server).agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap_err();
    assert_eq!(error.code(), Some(40013));
    assert!(error.message().zh.starts_with("接口 gettoken：错误 40013：CorpID 不正确"), "{error}");
}

#[test]
fn an_address_that_is_not_trusted_is_told_with_the_ip_to_allow() {
    let server = ApiServer::start(Enterprise::example());
    server.refuse_ip(Some("203.0.113.7"));
    let client = client(&server);
    let errors = [
        run(client.agent_get(&secret(APP_SECRET), AGENT_ID)).unwrap_err(),
        run(client.account_uses(AccountKind::MiniProgram, ACCOUNT.0, &secret(ACCOUNT.1)))
            .unwrap_err(),
    ];
    assert_eq!(errors.each_ref().map(ApiError::code), [Some(60020), Some(40164)]);
    for error in errors {
        let told = error.message();
        assert!(
            told.zh.contains("加入 203.0.113.7") && told.en.contains("add 203.0.113.7"),
            "{told:?}"
        );
        assert_eq!(error.explanation().responsible, Responsible::Insurer);
    }
}

#[test]
fn members_are_read_page_by_page_and_departments_below_one() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    let contacts = secret(CONTACTS_SECRET);
    let all = || {
        run(async {
            let (mut pages, mut read) = (client.members(&contacts), Vec::new());
            while let Some(page) = pages.next().await.unwrap() {
                read.push(page);
            }
            assert_eq!(pages.next().await, Ok(None));
            read
        })
    };
    let member = |id: &str, department| Member { user_id: id.to_owned(), department };
    let expected = [member("A1", 2), member("A2", 2), member("A2", 3), member("A3", 3)];
    assert_eq!(all(), [expected.to_vec()]);
    server.change(|enterprise| {
        enterprise.members = (0..25_000).map(|n| (format!("A{n}"), vec![2])).collect();
    });
    let pages = all();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10_000, 10_000, 5_000]);
    assert_eq!(pages[2][4_999], member("A24999", 2));
    server.change(|enterprise| enterprise.members.clear());
    assert_eq!(all(), [vec![]]);

    let below = |id| {
        let departments = run(client.department_simplelist(&contacts, id)).unwrap();
        departments.iter().map(|one| (one.id, one.parent_id)).collect::<Vec<_>>()
    };
    server.change(|enterprise| enterprise.departments.push((4, 2)));
    assert_eq!(below(None), [(1, 0), (2, 1), (3, 1), (4, 2)]);
    assert_eq!(below(Some(2)), [(2, 1), (4, 2)]);
    let bare = json!({ "errcode": 0, "department_id": [{ "id": 1, "parentid": null }] });
    server.script("department/simplelist", [Misbehaviour::Body(bare.to_string())]);
    let departments = run(client.department_simplelist(&contacts, None)).unwrap();
    assert_eq!(departments, [Department { id: 1, parent_id: 0, order: 0 }]);
}

#[test]
fn a_list_of_members_that_repeats_a_cursor_or_is_not_for_this_secret_is_an_error() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    assert_eq!(code(run(client.user_list_id(&secret(APP_SECRET), None))), Some(48002));
    let page = json!({ "errcode": 0, "next_cursor": "again", "dept_user": [] }).to_string();
    server.always("user/list_id", Some(Misbehaviour::Body(page)));
    let contacts = secret(CONTACTS_SECRET);
    let outcome = run(async {
        let mut pages = client.members(&contacts);
        let first = pages.next().await;
        (first, pages.next().await, pages.next().await)
    });
    assert_eq!(outcome.0, Ok(Some(vec![])));
    assert_eq!(outcome.1.unwrap_err().fault, Fault::Endless);
    assert_eq!(outcome.2, Ok(None));
    // A page without its list is no empty page.
    server.always("user/list_id", Some(Misbehaviour::Body("{\"errcode\":0}".to_owned())));
    let fault = run(client.user_list_id(&contacts, None)).unwrap_err().fault;
    assert_eq!(fault.name(), "undocumented");
}

#[test]
fn a_code_of_the_login_page_tells_members_from_others_once() {
    let server = ApiServer::start(Enterprise::example());
    server.change(|enterprise| {
        let codes = [("C1", Some("A1")), ("C2", Some("ww1/A1")), ("C3", None)];
        enterprise.codes = codes
            .map(|(code, user)| (code.to_owned(), user.map(str::to_owned)))
            .into_iter()
            .collect();
    });
    let client = client(&server);
    let visitor = |code| run(client.user_info_by_code(&secret(APP_SECRET), code));
    let user_id = "A1".to_owned();
    assert_eq!(visitor("C1"), Ok(Visitor::Member { user_id: user_id.clone() }));
    assert_eq!(visitor("C2"), Ok(Visitor::LinkedMember { corp_id: "ww1".to_owned(), user_id }));
    assert_eq!(visitor("C3"), Ok(Visitor::Outsider));
    for used_or_unknown in ["C1", "C9", "a&code=C1#?+%20 中"] {
        assert_eq!(code(visitor(used_or_unknown)), Some(40029), "{used_or_unknown}");
    }
    let sent = server.asked().pop().unwrap();
    assert_eq!(sent.query["code"], "a&code=C1#?+%20 中");
}

#[test]
fn an_account_is_checked_by_a_stable_token_that_is_not_forced() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    let check =
        |id, text: &str| run(client.account_uses(AccountKind::MiniProgram, id, &secret(text)));
    assert_eq!(check(ACCOUNT.0, ACCOUNT.1).unwrap(), []);
    assert_eq!(code(check(ACCOUNT.0, "wrong")), Some(40125));
    let error = check("wxffffffffffffffff", ACCOUNT.1).unwrap_err();
    assert!(error.message().zh.contains("AppID 不正确"), "{error}");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    for asked in asked {
        assert_eq!((asked.method.as_str(), asked.call.as_str()), ("POST", "stable_token"));
        assert_eq!(asked.body["force_refresh"], false);
        assert!(asked.query.is_empty(), "nothing secret in an address");
    }
}

#[test]
fn an_account_that_is_in_use_shows_signs_of_it() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    let uses = |kind| {
        let uses = run(client.account_uses(kind, ACCOUNT.0, &secret(ACCOUNT.1)));
        uses.map(|uses| uses.iter().map(|one| one.name()).collect::<Vec<_>>())
    };
    assert_eq!(uses(AccountKind::OfficialAccount), Ok(vec![]));
    server.change(|enterprise| {
        enterprise.account_in_use = true;
        enterprise.account_token_age = 1_800;
    });
    assert_eq!(uses(AccountKind::OfficialAccount), Ok(vec!["token", "menu", "automatic-reply"]));
    assert_eq!(uses(AccountKind::MiniProgram), Ok(vec!["token"]));
    // An account that was never verified may not ask for either.
    let forbidden = Misbehaviour::Code(48001, "api unauthorized".to_owned());
    server.always("get_current_selfmenu_info", Some(forbidden.clone()));
    server.always("get_current_autoreply_info", Some(forbidden));
    assert_eq!(uses(AccountKind::OfficialAccount), Ok(vec!["token"]));
    server.always("get_current_selfmenu_info", Some(Misbehaviour::Status(403)));
    assert!(uses(AccountKind::OfficialAccount).is_err());
    assert!(server.asked().iter().all(|asked| asked.call != "token"));
    let tokens = server.asked();
    let mut tokens = tokens.iter().filter(|asked| asked.call == "stable_token");
    assert!(tokens.all(|asked| asked.body["force_refresh"] == false));
}

#[test]
fn the_clock_of_the_server_is_read_without_a_secret() {
    let server = ApiServer::start(Enterprise::example());
    let client = client(&server);
    server.set_date(Some("Tue, 24 Nov 2026 01:02:03 GMT"));
    let expected = Utc.with_ymd_and_hms(2026, 11, 24, 1, 2, 3).single();
    assert_eq!(run(client.server_clock()).unwrap().time, expected);
    server.set_date(Some("yesterday"));
    assert_eq!(run(client.server_clock()).unwrap().time, None);
    assert!(server.asked().iter().all(|asked| asked.query.is_empty()));
}
