//! What events mean within a second, after renames, for another corp, and with times that cannot be true: the same state in
//! every order of arrival.

use orgsnap::wecom::store::{EventStore, ReceivedEvent};

use super::{open, received, rows, store_all};

const SECOND: u64 = 1_403_610_513;

fn contact(second: u64, change: &str, fields: &str) -> Vec<u8> {
    let time = SECOND + second;
    format!(
        "<xml><CreateTime>{time}</CreateTime><Event>change_contact</Event><ChangeType>{change}</ChangeType>{fields}</xml>"
    )
    .into_bytes()
}

fn customer(second: u64, event: &str, change: &str, fields: &str) -> Vec<u8> {
    let time = SECOND + second;
    format!(
        "<xml><CreateTime>{time}</CreateTime><Event>{event}</Event><ChangeType>{change}</ChangeType>{fields}</xml>"
    )
    .into_bytes()
}

/// Every order of the events.
fn orders(events: &[Vec<u8>]) -> Vec<Vec<Vec<u8>>> {
    if events.len() < 2 {
        return vec![events.to_vec()];
    }
    let mut all = Vec::new();
    for at in 0..events.len() {
        let mut rest = events.to_vec();
        let first = rest.remove(at);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

/// The rows of the query are the same after every order of arrival.
fn check(events: &[Vec<u8>], sql: &str, expected: &[&str]) {
    for order in orders(events) {
        let dir = tempfile::tempdir().unwrap();
        store_all(dir.path(), &order).unwrap();
        let shown: Vec<String> =
            order.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect();
        assert_eq!(rows(&open(dir.path()), sql), expected, "{shown:#?}");
    }
}

#[test]
fn a_retried_creation_takes_nothing_back() {
    check(
        &[
            contact(0, "create_user", "<UserID>u</UserID><Department>1</Department>"),
            contact(0, "update_user", "<UserID>u</UserID><Name>n</Name>"),
            contact(0, "create_user", "<UserID>u</UserID><Alias>a</Alias>"),
        ],
        "select name, alias, (select group_concat(department_id) from member_department) as d from member",
        &["name=\"n\" alias=\"a\" d=\"1\""],
    );
}

#[test]
fn nothing_revives_what_ended_in_the_same_second() {
    check(
        &[
            contact(0, "delete_user", "<UserID>u</UserID>"),
            contact(0, "update_user", "<UserID>u</UserID><Name>n</Name>"),
            contact(0, "create_user", "<UserID>u</UserID>"),
        ],
        "select name, deleted_at is not null as gone from member",
        &["name=\"n\" gone=1"],
    );
    check(
        &[
            customer(0, "change_external_chat", "dismiss", "<ChatId>g</ChatId>"),
            customer(
                0,
                "change_external_chat",
                "update",
                "<ChatId>g</ChatId><UpdateDetail>change_name</UpdateDetail>",
            ),
        ],
        "select last_detail as l, deleted_at is not null as gone from customer_group",
        &["l=\"change_name\" gone=1"],
    );
}

#[test]
fn a_rename_in_the_second_of_the_creation_leaves_one_member() {
    check(
        &[
            contact(0, "create_user", "<UserID>u</UserID><Name>n</Name>"),
            contact(0, "update_user", "<UserID>u</UserID><NewUserID>v</NewUserID>"),
            contact(0, "update_user", "<UserID>v</UserID><NewUserID>w</NewUserID>"),
            contact(0, "update_user", "<UserID>w</UserID><Alias>a</Alias>"),
        ],
        "select user_id as u, name, alias from member where deleted_at is null",
        &["u=\"w\" name=\"n\" alias=\"a\""],
    );
}

#[test]
fn who_joins_a_group_in_the_second_of_its_creation_is_in_it() {
    let joined =
        "<ChatId>g</ChatId><UpdateDetail>add_member</UpdateDetail><MemChangeList>m</MemChangeList>";
    let left =
        "<ChatId>g</ChatId><UpdateDetail>del_member</UpdateDetail><MemChangeList>n</MemChangeList>";
    check(
        &[
            customer(0, "change_external_chat", "create", "<ChatId>g</ChatId>"),
            customer(0, "change_external_chat", "update", joined),
            customer(0, "change_external_chat", "update", &joined.replace(">m<", ">n<")),
            customer(0, "change_external_chat", "update", left),
        ],
        "select member_id as m, left_at is not null as gone from customer_group_member",
        &["m=\"m\" gone=0", "m=\"n\" gone=1"],
    );
}

#[test]
fn tags_and_customers_follow_a_member_through_any_number_of_renames() {
    let ids = "<ExternalUserID>c</ExternalUserID><UserID>u</UserID>";
    let end = "<ExternalUserID>c</ExternalUserID><UserID>w</UserID>";
    let renamed = |second, from: &str, to: &str| {
        contact(
            second,
            "update_user",
            &format!("<UserID>{from}</UserID><NewUserID>{to}</NewUserID>"),
        )
    };
    let events = [
        contact(0, "update_tag", "<TagId>1</TagId><AddUserItems>u</AddUserItems>"),
        customer(0, "change_external_contact", "add_external_contact", ids),
        renamed(1, "u", "v"),
        renamed(2, "v", "w"),
        renamed(3, "w", "x"),
    ];
    check(&events, "select user_id as u from current_tag_member", &["u=\"x\""]);
    check(
        &events,
        "select user_id as u, status from external_contact",
        &["u=\"x\" status=\"followed\""],
    );
    let mut events = events.to_vec();
    // The id that was given up is somebody else's now, and that one has other tags.
    events.push(contact(5, "create_user", "<UserID>u</UserID>"));
    events.push(contact(6, "update_tag", "<TagId>2</TagId><AddUserItems>u</AddUserItems>"));
    events.push(contact(6, "update_tag", "<TagId>1</TagId><DelUserItems>x</DelUserItems>"));
    events.push(customer(2, "change_external_contact", "del_follow_user", end));
    for events in [events.clone(), events.iter().rev().cloned().collect()] {
        let dir = tempfile::tempdir().unwrap();
        store_all(dir.path(), &events).unwrap();
        let conn = open(dir.path());
        let tags = rows(&conn, "select tag_id as t, user_id as u from current_tag_member");
        assert_eq!(tags, ["t=\"2\" u=\"u\""]);
        let contacts = rows(&conn, "select user_id as u, status from external_contact");
        assert_eq!(contacts, ["u=\"x\" status=\"deleted_by_contact\""]);
    }
}

#[test]
fn events_for_another_corp_change_no_state() {
    let suite = |corp: &str, user: &str| {
        format!(
            "<xml><SuiteId>s</SuiteId><AuthCorpId>{corp}</AuthCorpId><InfoType>change_contact</InfoType>\
             <TimeStamp>{SECOND}</TimeStamp><ChangeType>update_user</ChangeType><UserID>{user}</UserID>\
             <NewUserID>n</NewUserID></xml>"
        )
        .into_bytes()
    };
    let dir = tempfile::tempdir().unwrap();
    let own = contact(0, "create_user", "<UserID>u</UserID><Name>n</Name>");
    store_all(dir.path(), &[own, suite("wwother", "u")]).unwrap();
    let conn = open(dir.path());
    let members = ["user_id=\"u\" name=\"n\""];
    assert_eq!(rows(&conn, "select user_id, name, renamed_to from member"), members);
    assert_eq!(
        rows(
            &conn,
            "select object_id as o, auth_corp_id as a from callback_event where problem = 'other_corp'"
        ),
        ["o=\"u\" a=\"wwother\""]
    );
    // The database of an earlier version, which took it for one of its own.
    conn.execute_batch(
        "update callback_event set object_kind = 'member', new_user_id = 'n', problem = null where id = 2; \
         update member set renamed_to = 'n'",
    )
    .unwrap();
    let rebuilt = orgsnap::wecom::store::rebuild(dir.path()).unwrap();
    assert_eq!((rebuilt.reread, rebuilt.failed), (1, 0));
    assert_eq!(rows(&conn, "select user_id, name, renamed_to from member"), members);
    store_all(dir.path(), &[suite("wxf8b4f85f3a794e77", "u")]).unwrap();
    assert_eq!(
        rows(&conn, "select user_id, renamed_to from member where renamed_to is not null"),
        ["user_id=\"u\" renamed_to=\"n\""]
    );
}

#[test]
fn an_event_counts_only_for_the_corp_that_it_names() {
    const CORP: &str = "wxf8b4f85f3a794e77";
    let capitals = CORP.to_uppercase();
    let suite =
        |corp: &str| format!("<SuiteId>s</SuiteId>{corp}<InfoType>change_contact</InfoType>");
    let own = |to: &str| format!("<ToUserName>{to}</ToUserName><Event>change_contact</Event>");
    let corp = |id: &str| format!("<AuthCorpId>{id}</AuthCorpId>");
    let known = format!("<ToUserName>{CORP}</ToUserName>");
    for (fields, counts) in [
        (suite(&corp(CORP)), true),
        (suite(&corp("")), false),
        (suite(""), false),
        (suite(&corp(&capitals)), false),
        (suite(&format!("{known}{}", corp(CORP))), true),
        (suite(&format!("<ToUserName>s</ToUserName>{}", corp(CORP))), true),
        (suite(&format!("<ToUserName>wwother</ToUserName>{}", corp(CORP))), false),
        (suite(&known), false),
        (suite("<ToUserName>s</ToUserName>"), false),
        ("<InfoType>change_contact</InfoType>".to_owned(), false),
        (own(CORP), true),
        (own(""), true),
        (own("wwother"), false),
        (own(&capitals), false),
        (format!("{}{}", own(CORP), corp("wwother")), false),
        (format!("{}{}", own(CORP), corp("")), false),
        ("<Event>change_contact</Event>".to_owned(), true),
    ] {
        let body = format!(
            "<xml>{fields}<CreateTime>{SECOND}</CreateTime><ChangeType>create_user</ChangeType>\
             <UserID>u</UserID></xml>"
        );
        let dir = tempfile::tempdir().unwrap();
        store_all(dir.path(), &[body.into_bytes()]).unwrap();
        let conn = open(dir.path());
        let members = rows(&conn, "select user_id from member");
        let problems = rows(&conn, "select problem as p from callback_event");
        let expected = if counts {
            (vec!["user_id=\"u\""], vec![""])
        } else {
            (vec![], vec!["p=\"other_corp\""])
        };
        let found = (
            members.iter().map(String::as_str).collect(),
            problems.iter().map(String::as_str).collect(),
        );
        assert_eq!(expected, found, "{fields}");
    }
}

#[test]
fn an_event_encrypted_for_a_suite_changes_a_state_only_if_it_names_the_corp() {
    const CORP: &str = "wxf8b4f85f3a794e77";
    let created = |fields: &str| {
        format!(
            "<xml>{fields}<CreateTime>{SECOND}</CreateTime><Event>change_contact</Event>\
             <ChangeType>create_user</ChangeType><UserID>u</UserID></xml>"
        )
    };
    let ticket = "<xml><SuiteId>suite</SuiteId><InfoType>suite_ticket</InfoType><TimeStamp>1403610513</TimeStamp>\
                  <SuiteTicket>x</SuiteTicket></xml>";
    for (body, members, problem) in [
        (created(""), 0, "p=\"other_corp\""),
        (created("<ToUserName>suite</ToUserName>"), 0, "p=\"other_corp\""),
        (created(&format!("<ToUserName>{CORP}</ToUserName>")), 1, ""),
        (created(&format!("<AuthCorpId>{CORP}</AuthCorpId>")), 1, ""),
        // It names no corp as it is about none.
        (ticket.to_owned(), 0, ""),
        ("{\"msgtype\": \"text\"}".to_owned(), 0, ""),
    ] {
        let dir = tempfile::tempdir().unwrap();
        super::runtime().block_on(async {
            let store = EventStore::open(dir.path()).unwrap();
            let event =
                ReceivedEvent { receive_id: "suite".to_owned(), ..received(body.as_bytes()) };
            store.store(event).await.unwrap();
        });
        let conn = open(dir.path());
        assert_eq!(rows(&conn, "select user_id from member").len(), members, "{body}");
        assert_eq!(rows(&conn, "select problem as p from callback_event"), [problem], "{body}");
        // As it was judged when it came, so it is later.
        assert_eq!(orgsnap::wecom::store::rebuild(dir.path()).unwrap().reread, 0, "{body}");
    }
}

#[test]
fn a_time_that_cannot_be_read_is_named_and_counts_from_the_arrival() {
    for time in ["yesterday", "-1", "1e9", "1403610513.5", "0x10"] {
        let body = format!(
            "<xml><CreateTime>{time}</CreateTime><Event>change_contact</Event><ChangeType>create_user</ChangeType>\
             <UserID>u</UserID></xml>"
        );
        let dir = tempfile::tempdir().unwrap();
        store_all(dir.path(), &[body.into_bytes()]).unwrap();
        let sql = "select occurred_at as o, create_time as c, problem as p from callback_event";
        let expected = ["o=\"2026-11-18T11:06:40Z\" p=\"unreadable_time\""];
        assert_eq!(rows(&open(dir.path()), sql), expected, "{time}");
        assert_eq!(rows(&open(dir.path()), "select user_id from member"), ["user_id=\"u\""]);
    }
}

#[test]
fn a_time_in_the_far_future_does_not_freeze_an_object() {
    // Ten years after the arrival; in milliseconds; and what no number can hold.
    for ahead in [2_110_000_000_u64, 1_795_000_000_000, 9_223_372_036_854_775_808] {
        let dir = tempfile::tempdir().unwrap();
        let name = |time: u64, name: &str| {
            contact(time - SECOND, "update_user", &format!("<UserID>u</UserID><Name>{name}</Name>"))
        };
        // Nine minutes ahead is a clock that goes wrong, and is believed.
        store_all(dir.path(), &[name(ahead, "future"), name(1_795_000_540, "now")]).unwrap();
        let conn = open(dir.path());
        assert_eq!(rows(&conn, "select name from member"), ["name=\"now\""]);
        assert_eq!(
            rows(
                &conn,
                "select occurred_at as o, create_time as c, problem as p from callback_event order by id"
            ),
            [
                format!(
                    "o=\"2026-11-18T11:06:40Z\" c={} p=\"future_time\"",
                    ahead.min(i64::MAX as u64)
                ),
                "o=\"2026-11-18T11:15:40Z\" c=1795000540".to_owned(),
            ]
        );
    }
}

#[test]
fn json_null_leaves_a_field_as_it_was() {
    let json = |fields: &str| {
        format!(
            "{{\"CreateTime\": {SECOND}, \"Event\": \"change_contact\", \"ChangeType\": \"update_user\", \
             \"UserID\": \"u\", {fields}}}"
        )
        .into_bytes()
    };
    let dir = tempfile::tempdir().unwrap();
    let created = contact(0, "create_user", "<UserID>u</UserID><Name>n</Name><Alias>a</Alias>");
    store_all(dir.path(), &[created, json("\"Name\": null, \"Alias\": \"\"")]).unwrap();
    assert_eq!(
        rows(&open(dir.path()), "select name, alias from member"),
        ["name=\"n\" alias=\"\""]
    );
}
