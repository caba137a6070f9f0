//! What a pull stores: every message once, verbatim, and how far it goes on.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn messages_of_three_key_versions_are_stored_verbatim_in_a_private_file() {
    if !has_sdk("messages_of_three_key_versions_are_stored_verbatim_in_a_private_file") {
        return;
    }
    let mut place = Place::new(3);
    for number in 0..30 {
        place.send(1 + number % 3, now() - minutes(60 - number as i64), "您好，保单已生效");
    }
    // What no JSON parser takes: a control character within a string.
    place.send_text(2, "{\"msgid\":\"m31\",\"text\":{\"content\":\"one\u{2}two\"}}");
    place.send_text(3, "no JSON at all");
    let summary = place.pull().unwrap();
    assert_eq!((summary.stored, summary.repeated, summary.last_seq), (32, 0, 96));
    assert_eq!(summary.problems(), []);
    assert_eq!(place.stored(), place.sent());
    let file = place.tenant().join("session.db");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let columns: (String, String, String, String) = place
        .database()
        .query_row(
            "select action, from_user, to_users, sent_at from message where msgid = 'm1'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    let expected = ("send", "u1", "[\"wm1\"]", "2026-11-28T07:00:00.000Z");
    assert_eq!(
        columns,
        (expected.0.into(), expected.1.into(), expected.2.into(), expected.3.into())
    );
}

#[test]
fn a_pull_goes_on_from_the_last_one_and_a_repeated_message_is_stored_once() {
    if !has_sdk("a_pull_goes_on_from_the_last_one_and_a_repeated_message_is_stored_once") {
        return;
    }
    let mut place = Place::new(1);
    for _ in 0..5 {
        place.send(1, now(), "first");
    }
    assert_eq!(place.pull().unwrap().stored, 5);
    assert_eq!(place.pull().unwrap().stored, 0);
    for _ in 0..4 {
        place.send(1, now(), "second");
    }
    // WeCom hands a message over under another number.
    let items = fs::read_to_string(place.wecom("items")).unwrap();
    let again = items.lines().next().unwrap().replacen("3 m1 ", "1000 m1 ", 1);
    fs::write(place.wecom("items"), format!("{items}{again}\n")).unwrap();
    let summary = place.pull().unwrap();
    assert_eq!((summary.stored, summary.repeated, summary.last_seq), (4, 1, 1_000));
    assert_eq!(place.stored(), place.sent());
}

/// Seq, id and text of what came under an id that was there.
fn again(place: &Place) -> Vec<(i64, String, String)> {
    let db = place.database();
    let mut statement =
        db.prepare("select seq, msgid, cast(body as text) from message_again order by 1").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_message_whose_id_comes_again_with_another_text_is_kept_beside_the_first() {
    if !has_sdk("a_message_whose_id_comes_again_with_another_text_is_kept_beside_the_first") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "first");
    place.send(1, now() - TimeDelta::days(3), "second");
    let items = fs::read_to_string(place.wecom("items")).unwrap();
    // The second one, under the id of the first; and once more.
    let renamed = items.replacen("6 m2 ", "6 m1 ", 1);
    let again_later = renamed.lines().nth(1).unwrap().replacen("6 m1 ", "9 m1 ", 1);
    fs::write(place.wecom("items"), format!("{renamed}{again_later}\n")).unwrap();
    let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("2 with ids stored before"), "{}", said(&output));
    assert!(said(&output).contains("table message_again"), "{}", said(&output));
    let (first, second) = (place.sent[0].text.clone(), place.sent[1].text.clone());
    let kept: Vec<String> = place.stored().into_iter().map(|sent| sent.text).collect();
    assert_eq!(kept, [first]);
    let texts: Vec<_> = again(&place).into_iter().map(|(seq, _, text)| (seq, text)).collect();
    assert_eq!(texts, [(6, second.clone()), (9, second)]);
    // They go with `keep`, as others do.
    place.write_job("timeout = \"1s\"\nkeep = \"10d\"");
    let removed = place.pull_at(now() + TimeDelta::days(8)).unwrap().removed;
    assert_eq!((removed, again(&place).len()), (2, 0));
}

#[test]
fn a_whole_message_replaces_the_one_of_its_id_that_could_not_be_read() {
    if !has_sdk("a_whole_message_replaces_the_one_of_its_id_that_could_not_be_read") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "whole");
    let items = fs::read_to_string(place.wecom("items")).unwrap();
    let whole = items.replacen("3 m1 ", "9 m1 ", 1);
    fs::write(place.wecom("items"), "3 m1 null key d3JhcHBlZA== 00\n").unwrap();
    assert_eq!(place.pull().unwrap().undecrypted.len(), 1);
    fs::write(place.wecom("items"), format!("3 m1 null key d3JhcHBlZA== 00\n{whole}")).unwrap();
    let summary = place.pull().unwrap();
    assert_eq!((summary.stored, summary.kept_encrypted()), (1, 0));
    assert_eq!(place.stored(), place.sent());
    let left: i64 = place
        .database()
        .query_row("select count(*) from undecrypted", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_text_that_looks_like_a_number_is_stored_verbatim() {
    if !has_sdk("a_text_that_looks_like_a_number_is_stored_verbatim") {
        return;
    }
    let mut place = Place::new(1);
    let texts = ["0012", "1e5", " 7.50", "+8613800000000", "-0"];
    for text in texts {
        place.send_text(1, text);
    }
    assert_eq!(place.pull().unwrap().stored, 5);
    let db = place.database();
    let mut statement = db.prepare("select cast(body as text) from message order by seq").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(rows.map(Result::unwrap).collect::<Vec<_>>(), texts);
}

#[test]
fn messages_that_the_library_does_not_open_are_told_once_and_counted_in_every_summary() {
    if !has_sdk(
        "messages_that_the_library_does_not_open_are_told_once_and_counted_in_every_summary",
    ) {
        return;
    }
    let mut place = Place::new(1);
    let alerts = place.folder.path().join("alerts");
    fs::write(place.folder.path().join("keep.sh"), "/bin/cat >> \"$1\"; echo >> \"$1\"\n").unwrap();
    let channel = format!(
        "timeout = \"1s\"\n[[alert]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"keep.sh\", \"{}\"]",
        alerts.display()
    );
    place.write_job(&channel);
    let told = || -> Vec<String> {
        let text = fs::read_to_string(&alerts).unwrap_or_default();
        let alerts = text.lines().filter(|line| !line.is_empty());
        let alerts = alerts.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        alerts.map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect()
    };
    for text in ["POISON-CODE", "x", "POISON-CRASH"] {
        place.send(1, now(), text);
    }
    let pull = |exit: i32, words: &[&str]| {
        let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
        assert_eq!(output.status.code(), Some(exit), "{}", said(&output));
        for word in words {
            assert!(said(&output).contains(word), "{word}: {}", said(&output));
        }
        said(&output)
    };
    pull(4, &["1 new message", "2 kept encrypted", "returned 10006", "crashed or hung"]);
    assert_eq!(told(), ["failed"]);
    // An hour later: what this pull brought is there, and nobody is woken again.
    for _ in 0..2 {
        let text = pull(0, &["2 kept encrypted"]);
        assert!(!text.contains("returned 10006"), "{text}");
    }
    assert_eq!(told(), ["failed"]);
    fs::write(place.wecom("healed"), "").unwrap();
    let text = pull(0, &["2 of earlier pulls decrypted now"]);
    assert!(!text.contains("kept encrypted"), "{text}");
    assert_eq!(told(), ["failed", "recovered"]);
}

#[test]
fn a_pull_without_any_key_says_how_to_make_one() {
    if !has_sdk("a_pull_without_any_key_says_how_to_make_one") {
        return;
    }
    let place = Place::new(0);
    for _ in 0..2 {
        let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let words = "run orgsnap wecom archive-key new t and paste the public key";
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let output = place.run(&["wecom", "archive", "pull", "job.toml", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    crate::schemas::assert_valid("wecom-archive-pull", &document);
    assert_eq!(document["has_keys"], false);
    assert!(place.run(&["wecom", "archive-key", "new", "t"]).status.success());
    let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn messages_of_a_missing_key_are_kept_encrypted_and_opened_once_the_key_is_there() {
    if !has_sdk("messages_of_a_missing_key_are_kept_encrypted_and_opened_once_the_key_is_there") {
        return;
    }
    let mut place = Place::new(3);
    for number in 0..9 {
        place.send(1 + number % 3, now(), "x");
    }
    let file = KeyFolder::of(&place.tenant()).file(2);
    let key = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    // The next pull brings none: what waits is told again, and is no failure of that pull.
    let again = place.run(&["wecom", "archive", "pull", "job.toml", "--json"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(said(&again).contains("version 2 (10007)"), "{}", said(&again));
    let document = serde_json::from_slice(&again.stdout).unwrap();
    crate::schemas::assert_valid("wecom-archive-pull", &document);
    assert_eq!(document["undecrypted"][0]["reason"], "no_key");
    for part in
        ["6 new messages", "3 messages could not be decrypted", "version 2 (10007)", "2.pem"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let listed = said(&place.run(&["wecom", "archive-key", "list", "t"]));
    assert!(listed.contains("version 2 is missing, and 3 messages wait"), "{listed}");
    // The ciphertext is here, so it does not matter that WeCom no longer has it.
    fs::remove_file(place.wecom("items")).unwrap();
    fs::write(&file, key).unwrap();
    let summary = place.pull_at(now() + minutes(20)).unwrap();
    assert_eq!((summary.decrypted_later, summary.undecrypted.len()), (3, 0));
    assert_eq!(place.stored(), place.sent());
}

/// Many more messages like one that is kept encrypted.
fn multiply(place: &Place, msgid: &str, times: u32) {
    let copied = place
        .database()
        .execute(
            "with recursive number(n) as (select 1 union all select n + 1 from number where n < ?2) \
             insert into undecrypted (seq, msgid, key_version, reason, code, attempts, pulled_at, item) \
             select seq, msgid || '-' || n, key_version, reason, code, attempts, pulled_at, \
             json_set(item, '$.msgid', msgid || '-' || n) from undecrypted, number where msgid = ?1",
            rusqlite::params![msgid, times],
        )
        .unwrap();
    assert_eq!(copied, times as usize);
}

#[test]
fn a_key_that_is_lost_for_ever_keeps_no_other_version_and_all_that_waited_opens_in_one_pull() {
    if !has_sdk(
        "a_key_that_is_lost_for_ever_keeps_no_other_version_and_all_that_waited_opens_in_one_pull",
    ) {
        return;
    }
    let mut place = Place::new(2);
    place.send(1, now(), "lost");
    place.send(2, now(), "waiting");
    let folder = KeyFolder::of(&place.tenant());
    let key = fs::read(folder.file(2)).unwrap();
    fs::remove_file(folder.file(1)).unwrap();
    fs::remove_file(folder.file(2)).unwrap();
    assert_eq!(place.pull().unwrap().stored, 0);
    // The lost ones come before all others, and are more than a pull tries again at most.
    multiply(&place, "m1", 10_500);
    multiply(&place, "m2", 10_500);
    fs::write(folder.file(2), key).unwrap();
    let summary = place.pull().unwrap();
    assert_eq!(summary.decrypted_later, 10_501);
    let groups: Vec<_> =
        summary.undecrypted.iter().map(|group| (group.count, group.key_version)).collect();
    assert_eq!(groups, [(10_501, Some(1))]);
}

#[test]
fn a_reason_follows_the_key_that_is_there_or_missing_now() {
    if !has_sdk("a_reason_follows_the_key_that_is_there_or_missing_now") {
        return;
    }
    let mut place = Place::new(2);
    place.send(1, now(), "x");
    let folder = KeyFolder::of(&place.tenant());
    let reasons = |summary: PullSummary| -> Vec<&str> {
        summary.undecrypted.iter().map(|group| group.why.name()).collect()
    };
    fs::copy(folder.file(2), folder.file(1)).unwrap();
    assert_eq!(reasons(place.pull().unwrap()), ["other_key"]);
    fs::remove_file(folder.file(1)).unwrap();
    assert_eq!(reasons(place.pull().unwrap()), ["no_key"]);
    fs::copy(folder.file(2), folder.file(1)).unwrap();
    assert_eq!(reasons(place.pull().unwrap()), ["other_key"]);
}

#[test]
fn messages_for_another_pair_of_keys_are_kept_encrypted_and_the_file_is_named() {
    if !has_sdk("messages_for_another_pair_of_keys_are_kept_encrypted_and_the_file_is_named") {
        return;
    }
    let mut place = Place::new(2);
    place.send(1, now(), "x");
    let folder = KeyFolder::of(&place.tenant());
    let right = fs::read(folder.file(1)).unwrap();
    fs::copy(folder.file(2), folder.file(1)).unwrap();
    let problems = place.pull().unwrap().problems();
    assert!(problems[0].en.contains("1.pem is not the private key of version 1"), "{problems:?}");
    fs::write(folder.file(1), right).unwrap();
    assert_eq!(place.pull().unwrap().decrypted_later, 1);
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn a_message_that_lacks_fields_is_told_by_the_pull_that_stores_it_only() {
    if !has_sdk("a_message_that_lacks_fields_is_told_by_the_pull_that_stores_it_only") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    let items = fs::read_to_string(place.wecom("items")).unwrap();
    fs::write(place.wecom("items"), format!("{items}9 m9 null key d3JhcHBlZA== 00\n")).unwrap();
    let first = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(first.status.code(), Some(4), "{}", said(&first));
    assert!(said(&first).contains("lacks a field"), "{}", said(&first));
    let second = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    assert!(!said(&second).contains("lacks a field"), "{}", said(&second));
    // It is kept.
    let reason: String = place
        .database()
        .query_row("select reason from undecrypted where msgid = 'm9'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(reason, "bad_item");
}

#[test]
fn a_new_gap_is_exit_code_two_in_the_pull_that_finds_it() {
    if !has_sdk("a_new_gap_is_exit_code_two_in_the_pull_that_finds_it") {
        return;
    }
    let place = Place::new(1);
    // The program goes by the clock.
    let today: DateTime<Utc> = std::time::SystemTime::now().into();
    place.pull_at(today - TimeDelta::days(9)).unwrap();
    let first = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(first.status.code(), Some(2), "{}", said(&first));
    assert!(said(&first).contains("pull more often"), "{}", said(&first));
    let second = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
}

#[test]
fn a_gap_of_more_than_five_days_is_told_once_with_its_times() {
    if !has_sdk("a_gap_of_more_than_five_days_is_told_once_with_its_times") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    assert_eq!(place.pull().unwrap().gap, None);
    // Four days later nothing is lost yet.
    let later = now() + TimeDelta::days(4);
    assert_eq!(place.pull_at(later).unwrap().gap, None);
    let much_later = later + TimeDelta::days(7);
    place.send(1, much_later, "y");
    let gap = place.pull_at(much_later).unwrap().gap.unwrap();
    assert_eq!((gap.from, gap.to), (later, much_later - TimeDelta::days(5)));
    assert_eq!((gap.seq_before, gap.seq_after), (3, Some(6)));
    assert!(gap.message().zh.contains("2026-12-02T08:00:00Z 至 2026-12-04T08:00:00Z"));
    assert_eq!(place.pull_at(much_later).unwrap().gap, None);
    let stored: i64 =
        place.database().query_row("select count(*) from gap", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 1);
}

#[test]
fn messages_older_than_keep_are_gone_from_the_file() {
    if !has_sdk("messages_older_than_keep_are_gone_from_the_file") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now() - TimeDelta::days(4), "an old-conversation of long ago");
    place.send(1, now(), "new");
    assert_eq!(place.pull().unwrap().stored, 2);
    place.write_job("timeout = \"1s\"\nkeep = \"10d\"");
    let summary = place.pull_at(now() + TimeDelta::days(7)).unwrap();
    assert_eq!(summary.removed, 1);
    assert_eq!(place.stored(), place.sent()[1..]);
    for entry in fs::read_dir(place.tenant()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(16).any(|window| window == b"old-conversation");
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn a_message_of_the_future_is_kept_from_its_arrival() {
    if !has_sdk("a_message_of_the_future_is_kept_from_its_arrival") {
        return;
    }
    let mut place = Place::new(1);
    place.write_job("timeout = \"1s\"\nkeep = \"10d\"");
    place.send(1, now() + TimeDelta::days(9_000), "sent by a wrong clock");
    place.send(1, now() + TimeDelta::days(9_000_000), "a year of five digits");
    assert_eq!(place.pull().unwrap().stored, 2);
    assert_eq!(place.pull_at(now() + TimeDelta::days(9)).unwrap().removed, 0);
    assert_eq!(place.pull_at(now() + TimeDelta::days(11)).unwrap().removed, 2);
}

#[test]
fn nothing_of_messages_keys_or_secrets_is_logged_or_said_at_the_highest_level() {
    if !has_sdk("nothing_of_messages_keys_or_secrets_is_logged_or_said_at_the_highest_level") {
        return;
    }
    let mut place = Place::new(2);
    fs::write(place.folder.path().join("proxy"), "pr0xy-user:pr0xy-password").unwrap();
    place.write_job(
        "timeout = \"1s\"\nmedia = true\nproxy = \"http://10.0.0.1:8081\"\nproxy_password = { file = \"proxy\" }",
    );
    for text in ["c0nversation", "c0nversation POISON-CODE", "c0nversation POISON-CRASH"] {
        place.send(1, now(), text);
    }
    place.append(1, &"0".repeat(64), "bm8ga2V5", "c0nversation of another key");
    fs::remove_file(KeyFolder::of(&place.tenant()).file(2)).unwrap();
    place.send(2, now(), "c0nversation of a missing key");
    let key = fs::read_to_string(KeyFolder::of(&place.tenant()).file(1)).unwrap();
    let random_keys: Vec<String> = fs::read_to_string(place.wecom("items"))
        .unwrap()
        .lines()
        .map(|line| line.split(' ').nth(3).unwrap().to_owned())
        .collect();
    for arguments in [
        &["wecom", "archive", "pull", "job.toml", "-vvv"][..],
        &["wecom", "archive", "pull", "job.toml", "-vvv", "--json"],
        &["wecom", "archive-key", "list", "job.toml", "-vvv", "--json"],
    ] {
        let output = place.run(arguments);
        let text = said(&output);
        assert!(text.contains("DEBUG") || arguments.contains(&"list"), "{text}");
        let secrets = [
            "c0nversation",
            "s3cret-scenario",
            "pr0xy-password",
            "PRIVATE KEY",
            key.lines().nth(2).unwrap(),
        ];
        let secrets = secrets.into_iter().chain(random_keys.iter().map(String::as_str));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    // The library was asked with them, and printed what it decrypted.
    let seen = fs::read_to_string(place.wecom("seen")).unwrap();
    assert!(seen.contains("http://10.0.0.1:8081"), "{seen}");
}
