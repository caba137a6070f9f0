//! `orgsnap wecom reconcile` from the list of members to the rows, the files and the terminal.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::insurer::{CONTACTS, Insurer, said};
use crate::wecom_api::server::AGENT_ID;
use crate::wecom_db::store_all;

fn event(change: &str, user_id: &str, second: u64) -> Vec<u8> {
    format!(
        "<xml><CreateTime>{}</CreateTime><Event>change_contact</Event><ChangeType>{change}</ChangeType>\
         <UserID>{user_id}</UserID></xml>",
        1_403_610_513 + second
    )
    .into_bytes()
}

/// Kind and user id, or the agent's id, of each difference.
fn pairs(document: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let pair = |difference: &Value| {
        let id = text(&difference["user_id"]).or_else(|| text(&difference["person_id"]));
        (text(&difference["kind"]).unwrap(), id.unwrap())
    };
    document["differences"].as_array().unwrap().iter().map(pair).collect()
}

fn expected(pairs: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    pairs.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect()
}

#[test]
fn a_check_finds_every_kind_of_difference_and_a_second_one_changes_nothing() {
    let insurer = Insurer::new(300);
    let (without, departed) = (insurer.active[5].clone(), insurer.left[0].clone());
    let returned = insurer.active[7].clone();
    insurer.set_members(|members| {
        members.retain(|id| *id != without);
        // WeCom ignores case.
        members.push(departed.to_lowercase());
        members.push("stranger".to_owned());
    });
    let events = [
        event("create_user", "left-silently", 0),
        event("create_user", &returned, 0),
        event("delete_user", &returned, 1),
        event("create_user", "deleted", 0),
        event("delete_user", "deleted", 1),
        event("create_user", &insurer.active[8], 0),
        // Another spelling of one that is gone since.
        event("create_user", "respelt", 0),
        event("delete_user", "RESPELT", 1),
    ];
    store_all(&insurer.data(), &events).unwrap();
    let all = expected(&[
        ("departed_still_member", &departed.to_lowercase()),
        ("active_without_account", &without),
        ("unknown_member", "stranger"),
        ("departure_missed", "left-silently"),
        ("return_missed", &returned),
    ]);
    let first = insurer.reconcile(&[]);
    assert_eq!(pairs(&first), all);
    assert_eq!((&first["opened"], &first["open"]), (&Value::from(5), &Value::from(5)));
    assert_eq!(first["members"], (insurer.active.len() + insurer.staff.len() + 1) as u64);
    let rows = insurer.rows();
    let again = insurer.reconcile(&[]);
    assert_eq!(pairs(&again), all);
    assert_eq!((&again["opened"], &again["closed"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(insurer.rows(), rows);
    // What is mended is over, and stays with its last day.
    insurer.set_members(|members| members.push("stranger".to_owned()));
    let mended = insurer.reconcile(&[]);
    assert_eq!((&mended["closed"], &mended["open"]), (&Value::from(2), &Value::from(3)));
    assert_eq!(insurer.rows().len(), 5);
    assert_eq!(pairs(&insurer.reconcile(&["--all"])), all);
    // Nothing but questions went to WeCom.
    let asked: BTreeSet<String> =
        insurer.server.asked().into_iter().map(|asked| asked.call).collect();
    let reading = ["department/simplelist", "gettoken", "user/list_id"];
    assert_eq!(asked, reading.map(str::to_owned).into());
}

#[test]
fn a_rename_that_changes_the_case_only_leaves_the_member_present() {
    let insurer = Insurer::new(300);
    let renamed = |old: &str, new: &str, second: u64| {
        let text = String::from_utf8(event("update_user", old, second)).unwrap();
        let text = text.replace("</xml>", &format!("<NewUserID>{new}</NewUserID></xml>"));
        text.into_bytes()
    };
    let listed = insurer.active[3].clone();
    let (old, new) = (listed.to_uppercase(), format!("{}-x", listed.to_lowercase()));
    insurer.set_members(|members| members.push(format!("{old}-X")));
    let events = [
        event("create_user", &format!("{old}-X"), 0),
        renamed(&format!("{old}-X"), &new, 1),
        event("create_user", "ZaB1", 0),
        renamed("ZaB1", "zab1", 1),
        event("create_user", "zAb2", 0),
        renamed("zAb2", "ZAb2", 1),
    ];
    store_all(&insurer.data(), &events).unwrap();
    let found = pairs(&insurer.reconcile(&[]));
    let all = [
        ("unknown_member", format!("{old}-X")),
        ("departure_missed", "zab1".to_owned()),
        ("departure_missed", "ZAb2".to_owned()),
    ];
    assert_eq!(found, all.map(|(kind, id)| (kind.to_owned(), id)).into());
}

#[test]
fn the_terminal_names_ids_and_the_files_name_people() {
    let insurer = Insurer::new(300);
    let departed = insurer.left[0].clone();
    insurer.set_members(|members| members.push(departed.clone()));
    let output = insurer
        .command("zh", &["wecom", "reconcile", "jobs/t.toml", "--csv", "m.csv", "--xlsx", "m.xlsx"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let org = rusqlite::Connection::open(insurer.data().join("org.db")).unwrap();
    let sql = "select agent_name from agent where id = ?1";
    let name: String = org.query_row(sql, [&departed], |row| row.get(0)).unwrap();
    assert!(text.contains(&departed) && !text.contains(&name), "{text}");
    assert!(text.contains("本次新增 1 条，消除 0 条"), "{text}");
    let csv = fs::read_to_string(insurer.path("m.csv")).unwrap();
    let line = csv.lines().find(|line| line.contains(&departed)).unwrap();
    assert!(line.starts_with("departed_still_member,") && line.contains(&name), "{csv}");
    assert!(fs::read(insurer.path("m.xlsx")).unwrap().starts_with(b"PK"));
    // A file that is there is not replaced, and WeCom is not asked in vain.
    let before = insurer.server.asked().len();
    let output = insurer.orgsnap(&["wecom", "reconcile", "t", "--csv", "m.csv"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output =
        insurer.orgsnap(&["wecom", "reconcile", "t", "--last", "--csv", "m.csv", "--force"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(insurer.server.asked().len(), before);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("1 new and 0 over in this check"), "{text}");
}

#[test]
fn members_are_matched_by_the_mapping_of_the_job() {
    let insurer = Insurer::new(300);
    let org = rusqlite::Connection::open(insurer.data().join("org.db")).unwrap();
    let grade = |id: &str| -> String {
        let sql = "select agent_grade_level from agent where id = ?1";
        org.query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    insurer.set_members(|members| {
        for id in members.iter_mut() {
            *id = format!("DL_{id}");
        }
    });
    let roster = |text: &str| insurer.write_job("", &format!("[wecom.roster]\n{text}\n{CONTACTS}"));
    roster("prefix = \"dl_\"");
    assert_eq!(insurer.reconcile(&[])["open"], 0);
    roster("prefix = \"dl_\"\ncase = \"exact\"");
    let exact = insurer.reconcile(&[]);
    let (people, members) = (insurer.active.len(), insurer.active.len() + insurer.staff.len());
    assert_eq!(exact["open"], (people + members) as u64);
    // By a field that many share: whoever has the grade has the account.
    let wanted = grade(&insurer.active[0]);
    insurer.server.change(|enterprise| {
        enterprise.members.push((wanted.clone(), vec![2]));
    });
    roster("field = \"agentGradeLevel\"");
    let by_grade = insurer.reconcile(&[]);
    let without = insurer.active.iter().filter(|id| grade(id) != wanted).count();
    assert_eq!(by_grade["kinds"][1]["open"], without as u64);
    roster("field = \"grade\"");
    let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("agentGradeLevel"), "{}", said(&output));
}

#[test]
fn a_shorter_list_or_a_narrower_scope_is_a_failed_check_that_changes_no_difference() {
    let insurer = Insurer::new(300);
    insurer.set_members(|members| members.push("stranger".to_owned()));
    insurer.reconcile(&[]);
    let rows = insurer.rows();
    let refused = |words: &str| {
        let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(insurer.rows(), rows);
    };
    insurer.set_members(|members| members.truncate(members.len() * 3 / 4));
    refused("shrank from");
    insurer.set_members(|members| members.push("stranger".to_owned()));
    insurer.server.change(|enterprise| enterprise.departments = vec![(2, 1), (3, 1)]);
    refused("no longer visible, as they were before: department 1;");
    insurer.server.change(|enterprise| enterprise.members.clear());
    refused("no member at all");
    let output = insurer.orgsnap(&["wecom", "reconcile", "t", "--accept-smaller"]);
    assert_eq!(output.status.code(), Some(3), "an empty list is never true: {}", said(&output));
    // A true decrease is accepted once, and is what later checks are measured by.
    insurer.server.change(|enterprise| enterprise.departments = vec![(1, 0), (2, 1), (3, 1)]);
    insurer.set_members(|members| members.truncate(members.len() * 3 / 4));
    let accepted = insurer.reconcile(&["--accept-smaller"]);
    assert_ne!(accepted["opened"], 0);
    assert_eq!(insurer.reconcile(&[])["opened"], 0);
}

#[test]
fn an_application_that_may_see_less_than_before_is_a_failed_check_and_tells_of_no_departure() {
    let insurer = Insurer::new(300);
    let app =
        format!("[[wecom_app]]\nagent_id = {AGENT_ID}\nsecret = {{ env = \"APP_SECRET\" }}\n");
    insurer.write_job("", &app);
    let may_see = |departments: &[u64]| {
        insurer.server.change(|enterprise| {
            enterprise.apps[0].lists_members = true;
            enterprise.apps[0].departments = departments.to_vec();
        });
    };
    insurer.server.change(|enterprise| {
        enterprise.departments = vec![(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)];
    });
    may_see(&[4, 5, 2, 3]);
    assert_eq!(insurer.reconcile(&[])["open"], 0);
    let rows = insurer.rows();
    let refused = |departments: &[u64], words: &str| {
        may_see(departments);
        let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(insurer.rows(), rows);
    };
    // Every third member is in both departments: a list of those of the third alone looks as if the others had left.
    refused(&[3], "no longer visible, as they were before: department 2;");
    refused(&[2], "no longer visible, as they were before: department 3;");
    refused(&[4, 5, 3], "no longer visible, as they were before: department 2;");
    // One that is within another that it may see is no loss.
    may_see(&[2, 3]);
    assert_eq!(insurer.reconcile(&[])["open"], 0);
    may_see(&[1]);
    assert_eq!(insurer.reconcile(&[])["open"], 0);
    refused(&[2, 3], "no longer visible, as they were before: department 1;");
    // Departments are still listed, but the application may see none of them: its members are by name alone.
    insurer.server.change(|enterprise| {
        enterprise.apps[0].agent_id = Some(AGENT_ID);
        enterprise.apps[0].departments.clear();
    });
    let output = insurer.orgsnap(&["wecom", "reconcile", "t", "--accept-smaller"]);
    assert_eq!(output.status.code(), Some(3), "nobody is visible: {}", said(&output));
    may_see(&[2, 3]);
    insurer.reconcile(&["--accept-smaller"]);
    assert_eq!(insurer.rows(), rows);
}

#[test]
fn office_staff_who_left_and_still_are_members_are_told_with_their_file() {
    let insurer = Insurer::new(300);
    let (left, gone) = (insurer.staff[0].clone(), insurer.staff[1].clone());
    let org = rusqlite::Connection::open(insurer.data().join("org.db")).unwrap();
    let name: String = org
        .query_row("select principal_name from principal where id = ?1", [&left], |row| row.get(0))
        .unwrap();
    drop(org);
    insurer.deliver(|file, text| match file {
        "temp_principal.txt" => {
            let lines = text.lines().map(|line| {
                let mut cells: Vec<&str> = line.split('|').collect();
                if cells.get(1) == Some(&left.as_str()) {
                    cells[3] = "2";
                }
                cells.join("|")
            });
            lines
                .filter(|line| line.split('|').nth(1) != Some(&gone))
                .collect::<Vec<_>>()
                .join("\n")
        }
        _ => text,
    });
    let document = insurer.reconcile(&[]);
    let told: Vec<&Value> = document["differences"].as_array().unwrap().iter().collect();
    assert_eq!(
        pairs(&document),
        expected(&[("departed_still_member", &left), ("departed_still_member", &gone)])
    );
    for difference in told {
        assert_eq!(difference["feed"], "principal", "{difference}");
        assert_eq!(difference["person_id"], difference["user_id"], "{difference}");
        assert_eq!(difference["team_name"], Value::Null);
    }
    let output = insurer.orgsnap(&["wecom", "reconcile", "t", "--last", "--csv", "m.csv"]);
    assert!(output.status.success(), "{}", said(&output));
    let csv = fs::read_to_string(insurer.path("m.csv")).unwrap();
    let line = csv.lines().find(|line| line.contains(&format!(",{left},{name},"))).unwrap();
    assert!(line.contains(",principal,"), "{csv}");
}

#[test]
fn differences_are_told_once_there_is_a_channel_for_them() {
    let insurer = Insurer::new(300);
    insurer.set_members(|members| members.extend(["early".to_owned(), "mended".to_owned()]));
    insurer.reconcile(&[]);
    let sent = insurer.path("alerts");
    fs::write(insurer.path("keep.sh"), format!("cat >> {0}; echo >> {0}\n", sent.display()))
        .unwrap();
    let script = insurer.path("keep.sh").display().to_string();
    let channel = |more: &str| {
        let text =
            format!("[[alert]]\nkind = \"command\"\ncommand = [\"sh\", \"{script}\"]\n{more}\n");
        insurer.write_job("", &format!("{CONTACTS}{text}"));
    };
    let told = || fs::read_to_string(&sent).unwrap_or_default();
    // A channel that does not want them is none.
    channel("on = [\"refused\", \"failed\"]");
    insurer.reconcile(&[]);
    assert_eq!(told(), "");
    channel("");
    insurer.set_members(|members| members.extend(["early".to_owned(), "late".to_owned()]));
    insurer.reconcile(&[]);
    let alert: Value = serde_json::from_str(told().trim()).unwrap();
    let reasons = alert["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{alert}");
    assert!(reasons[0]["en"].as_str().unwrap().contains("2 new (early, late)"), "{alert}");
    // Once.
    insurer.reconcile(&[]);
    assert_eq!(told().trim().lines().count(), 1, "{}", told());
}

#[test]
fn the_help_says_what_the_exit_codes_of_a_check_mean() {
    let insurer = Insurer::new(300);
    for (language, words) in [("en", "the list of members shrank"), ("zh", "成员列表变短")] {
        let output = insurer.command(language, &["wecom", "reconcile", "--help"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("  3 ")).unwrap_or_default();
        assert!(line.contains(words), "{text}");
    }
}

#[test]
fn one_member_and_one_department_are_no_plural() {
    let insurer = Insurer::new(300);
    insurer.server.change(|enterprise| {
        enterprise.members = vec![("one".to_owned(), vec![1])];
    });
    let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(": 1 member of WeCom,"), "{text}");
}

#[test]
fn an_application_that_may_not_list_members_is_told_by_its_code() {
    let insurer = Insurer::new(300);
    let app =
        format!("[[wecom_app]]\nagent_id = {AGENT_ID}\nsecret = {{ env = \"APP_SECRET\" }}\n");
    insurer.write_job("", &app);
    let output = insurer.orgsnap(&["wecom", "reconcile", "t"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("48002"), "{}", said(&output));
    assert_eq!(insurer.rows(), Vec::<String>::new());
}
