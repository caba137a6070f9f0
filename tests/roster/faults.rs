//! Lists that are not as they should be: the check ends, says why, and changes nothing.

use super::insurer::{Insurer, said};
use crate::wecom_api::server::{CONTACTS_SECRET, Misbehaviour};
use std::time::Duration;

/// A check that was done first; then one that must fail with these words and change nothing.
fn fails(insurer: &Insurer, words: &str) {
    let rows = insurer.rows();
    let output = insurer.orgsnap(&["-vvv", "wecom", "reconcile", "t"]);
    assert!(!output.status.success(), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains(words), "{words}: {text}");
    for secret in ["T0KEN-", CONTACTS_SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(insurer.rows(), rows);
    let db = rusqlite::Connection::open(insurer.data().join("wecom.db")).unwrap();
    let sql =
        "select message_en from roster_check_run where outcome = 'failed' order by id desc limit 1";
    let recorded: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(recorded.contains(words), "{recorded}");
}

#[test]
fn a_repeated_cursor_and_a_page_that_fails_half_way_are_failed_checks() {
    let insurer = Insurer::new(300);
    insurer.set_members(|members| members.push("stranger".to_owned()));
    insurer.reconcile(&[]);
    let page = |user_id: &str| {
        format!(
            "{{\"errcode\":0,\"errmsg\":\"ok\",\"next_cursor\":\"c\",\"dept_user\":[{{\"userid\":\"{user_id}\",\
             \"department\":1}}]}}"
        )
    };
    insurer.server.always("user/list_id", Some(Misbehaviour::Body(page("a"))));
    fails(&insurer, "user/list_id");
    insurer.server.always("user/list_id", None);
    // More than one page, of which the second fails.
    insurer.set_members(|members| members.extend((0..25_000).map(|n| format!("m{n}"))));
    let right = || Misbehaviour::Slow(Duration::ZERO);
    let denied = Misbehaviour::Code(48_002, "api forbidden".to_owned());
    insurer.server.script("user/list_id", [right(), denied]);
    fails(&insurer, "48002");
    insurer
        .server
        .script("user/list_id", [right(), right(), Misbehaviour::Body("no JSON".to_owned())]);
    // What may pass is tried again, and the check is done.
    let document = insurer.reconcile(&[]);
    assert_eq!(document["opened"], 25_000);
}

#[test]
fn an_answer_that_lacks_a_field_is_told_at_once_with_the_call_and_the_field() {
    let insurer = Insurer::new(300);
    insurer.reconcile(&[]);
    let ok = |more: &str| Misbehaviour::Body(format!("{{\"errcode\":0,\"errmsg\":\"ok\"{more}}}"));
    for (call, more, words) in [
        ("user/list_id", "", "user/list_id: the answer of http://127.0.0.1"),
        ("user/list_id", "", "it lacks the field dept_user;"),
        (
            "user/list_id",
            ",\"dept_user\":[{\"userid\":\"a\"},{\"open_userid\":\"b\",\"department\":1}]",
            "it lacks the field dept_user[1].userid; the vendor: use the secret of the contacts",
        ),
        ("user/list_id", ",\"dept_user\":{}", "the field dept_user is of another type"),
        ("department/simplelist", "", "it lacks the field department_id"),
        ("gettoken", "", "it lacks the field access_token"),
    ] {
        insurer.server.always(call, Some(ok(more)));
        let before = insurer.server.count(call);
        fails(&insurer, words);
        assert_eq!(insurer.server.count(call), before + 1, "{call}: asked once");
        insurer.server.always(call, None);
    }
}

#[test]
fn a_caller_whose_address_is_not_trusted_is_told_its_address() {
    let insurer = Insurer::new(300);
    insurer.reconcile(&[]);
    insurer.server.refuse_ip(Some("203.0.113.7"));
    fails(&insurer, "203.0.113.7");
}

#[test]
fn an_insurer_without_a_snapshot_or_an_application_is_told_so() {
    let insurer = Insurer::new(300);
    insurer.write_job("", "");
    let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("chengyuan"), "{}", said(&output));
    std::fs::remove_file(insurer.data().join("org.db")).unwrap();
    insurer.write_job("", super::insurer::CONTACTS);
    let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("nothing was imported"), "{}", said(&output));
    // Nothing was checked, so there is nothing to keep.
    assert!(!insurer.data().join("wecom.db").exists());
    let output = insurer.orgsnap(&["wecom", "reconcile", "t", "--last"]);
    assert!(said(&output).contains("was not checked yet"), "{}", said(&output));
    assert_eq!(insurer.server.asked().len(), 0);
}
