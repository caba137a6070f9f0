//! What a library may do: refuse, crash, hang, hand over garbage, be missing or another one. Each is a message.

use super::*;
use crate::wecom_api::server::{ApiServer, CONTACTS_SECRET, Enterprise};

/// Pulls, and returns the message of what went wrong.
fn complaint(place: &Place) -> String {
    match place.pull() {
        Ok(summary) => panic!("{summary:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_return_code_is_told_in_words_and_nothing_is_lost() {
    if !has_sdk("every_return_code_is_told_in_words_and_nothing_is_lost") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    for code in [10_000, 10_004, 10_005, 10_006, 10_007, 10_008, 10_009, 10_010, 10_011, 12_345] {
        place.faults(&format!("chat * {code}"));
        let message = complaint(&place);
        assert!(message.contains(&format!("returned {code}: ")), "{message}");
        assert!(message.contains(archive::refusal_message(code).en.as_ref()), "{message}");
        // No single message or file was asked for.
        for word in ["id of the file", "private key", "kept encrypted"] {
            assert!(!message.contains(word), "{word}: {message}");
        }
    }
    place.faults("");
    assert_eq!(place.pull().unwrap().stored, 1);
}

#[test]
fn a_refused_address_is_named() {
    if !has_sdk("a_refused_address_is_named") {
        return;
    }
    let place = Place::new(1);
    place.faults("chat * 10009");
    let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert!(text.contains("add 203.0.113.7 to the trusted IPs"), "{text}");
}

#[test]
fn a_refused_address_that_the_library_does_not_name_is_asked_for_at_the_api() {
    if !has_sdk("a_refused_address_that_the_library_does_not_name_is_asked_for_at_the_api") {
        return;
    }
    let place = Place::new(1);
    let server = ApiServer::start(Enterprise::example());
    fs::write(place.folder.path().join("contacts"), CONTACTS_SECRET).unwrap();
    let api = format!(
        "timeout = \"1s\"\n[wecom]\napi_url = \"{}\"\n[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = {{ file = \"contacts\" }}",
        server.url()
    );
    place.write_job(&api);
    place.faults("chat * unnamed");
    server.refuse_ip(Some("203.0.113.9"));
    let message = complaint(&place);
    assert!(message.contains("returned 10009: "), "{message}");
    assert!(message.contains("add 203.0.113.9 to the trusted IPs"), "{message}");
    // The API takes calls from there: then it does not tell, and what there is to know is said.
    server.refuse_ip(None);
    let message = complaint(&place);
    assert!(message.contains("whoever runs the network"), "{message}");
    assert!(!message.contains("203.0.113.9"), "{message}");
    // Through a proxy it would name another address.
    let before = server.asked().len();
    place.write_job(&format!("proxy = \"http://10.0.0.1:8081\"\n{api}"));
    let message = complaint(&place);
    assert!(message.contains("through the proxy http://10.0.0.1:8081"), "{message}");
    assert_eq!(server.asked().len(), before);
}

#[test]
fn faults_that_pass_are_waited_out_and_those_that_stay_are_worth_retrying() {
    if !has_sdk("faults_that_pass_are_waited_out_and_those_that_stay_are_worth_retrying") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    place.faults("chat 1 10001\nchat 2 10003");
    assert_eq!(place.pull().unwrap().stored, 1);
    place.faults("chat * 10002");
    let output = place.run(&["wecom", "archive", "pull", "job.toml"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
}

#[test]
fn a_library_that_crashes_or_hangs_once_is_started_again() {
    if !has_sdk("a_library_that_crashes_or_hangs_once_is_started_again") {
        return;
    }
    let mut place = Place::new(1);
    for _ in 0..3 {
        place.send(1, now(), "x");
    }
    place.faults("chat 1 crash\nchat 2 hang\nchat 3 10001");
    assert_eq!(place.pull().unwrap().stored, 3);
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn a_library_that_always_crashes_is_a_message_after_a_bounded_number_of_starts() {
    if !has_sdk("a_library_that_always_crashes_is_a_message_after_a_bounded_number_of_starts") {
        return;
    }
    let place = Place::new(1);
    place.faults("chat * crash");
    let message = complaint(&place);
    assert!(
        message.contains("WeCom's library crashed") && message.contains("signal 6"),
        "{message}"
    );
    let seen = fs::read_to_string(place.wecom("seen")).unwrap();
    assert_eq!(seen.matches("init").count(), 4, "{seen}");
}

#[test]
fn garbage_of_the_library_is_a_message_and_nothing_of_it_is_stored() {
    if !has_sdk("garbage_of_the_library_is_a_message_and_nothing_of_it_is_stored") {
        return;
    }
    let mut place = Place::new(1);
    place.send(1, now(), "x");
    assert_eq!(place.pull().unwrap().stored, 1);
    for (fault, words) in [
        ("garbage", "it is not the documented JSON"),
        ("repeated", "the numbers of the messages do not go on"),
        ("length", "its function GetChatData handed over what cannot be used"),
        ("nowhere", "its function GetChatData handed over what cannot be used"),
    ] {
        place.faults(&format!("chat * {fault}"));
        let message = complaint(&place);
        assert!(message.contains(words), "{fault}: {message}");
    }
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn a_message_at_which_the_library_fails_keeps_no_other_and_is_tried_again() {
    if !has_sdk("a_message_at_which_the_library_fails_keeps_no_other_and_is_tried_again") {
        return;
    }
    let mut place = Place::new(1);
    for text in ["a", "POISON-CRASH", "b", "POISON-CODE", "c", "POISON-HANG", "d"] {
        place.send(1, now(), text);
    }
    let summary = place.pull().unwrap();
    assert_eq!(summary.stored, 4);
    let problems: Vec<_> =
        summary.problems().iter().map(|problem| problem.en.to_string()).collect();
    assert!(problems.iter().any(|p| p.starts_with("2 messages") && p.contains("crashed or hung")));
    assert!(problems.iter().any(|p| p.starts_with("1 message ") && p.contains("returned 10006")));
    fs::write(place.wecom("healed"), "").unwrap();
    assert_eq!(place.pull().unwrap().decrypted_later, 3);
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn a_message_of_which_the_library_hands_over_nothing_is_kept_encrypted() {
    if !has_sdk("a_message_of_which_the_library_hands_over_nothing_is_kept_encrypted") {
        return;
    }
    let mut place = Place::new(1);
    for text in ["a", "POISON-EMPTY", "b"] {
        place.send(1, now(), text);
    }
    let summary = place.pull().unwrap();
    assert_eq!((summary.stored, summary.kept_encrypted()), (2, 1));
    let problem = summary.problems()[0].en.to_string();
    assert!(problem.contains("the library reported success but returned no text"), "{problem}");
    fs::write(place.wecom("healed"), "").unwrap();
    assert_eq!(place.pull().unwrap().decrypted_later, 1);
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn more_poison_than_starts_still_keeps_every_message() {
    if !has_sdk("more_poison_than_starts_still_keeps_every_message") {
        return;
    }
    let mut place = Place::new(1);
    for number in 0..40 {
        place.send(1, now(), if number % 4 == 0 { "POISON-CRASH" } else { "x" });
    }
    let message = complaint(&place);
    assert!(message.contains("WeCom's library crashed"), "{message}");
    let kept: i64 = place
        .database()
        .query_row(
            "select (select count(*) from message) + (select count(*) from undecrypted)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, 40);
    fs::write(place.wecom("healed"), "").unwrap();
    place.pull().unwrap();
    assert_eq!(place.stored(), place.sent());
}

#[test]
fn readable_messages_behind_those_that_crash_the_library_are_opened_by_later_pulls() {
    if !has_sdk("readable_messages_behind_those_that_crash_the_library_are_opened_by_later_pulls") {
        return;
    }
    let mut place = Place::new(1);
    // In a pull the library is started four times.
    for number in 0..20 {
        place.send(1, now(), if number < 8 { "POISON-CRASH" } else { "x" });
    }
    let message = complaint(&place);
    assert!(message.contains("WeCom's library crashed"), "{message}");
    for _ in 0..2 {
        place.pull().unwrap();
    }
    assert_eq!(place.stored().len(), 12);
}

#[test]
fn a_missing_library_and_a_missing_program_are_messages() {
    if !has_sdk("a_missing_library_and_a_missing_program_are_messages") {
        return;
    }
    let place = Place::new(1);
    let job = fs::read_to_string(place.job_file()).unwrap();
    fs::write(place.job_file(), job.replace(sdk().to_str().unwrap(), "/no/such/sdk.so")).unwrap();
    let message = complaint(&place);
    assert!(message.contains("/no/such/sdk.so: it cannot be loaded"), "{message}");
    assert!(message.contains("No such file"), "{message}");
    // The C library has none of the functions.
    let other = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"];
    if let Some(other) = other.into_iter().find(|path| Path::new(path).exists()) {
        fs::write(place.job_file(), job.replace(sdk().to_str().unwrap(), other)).unwrap();
        let message = complaint(&place);
        assert!(message.contains("it has no function NewSdk"), "{message}");
    }
    place.write_job("reader = \"no-such-program\"");
    let message = complaint(&place);
    assert!(message.contains("cannot start") && message.contains("no-such-program"), "{message}");
    // A program that answers what is no answer, and one that ends at once.
    for (program, words) in [
        ("/bin/cat", "what is no answer"),
        ("/bin/true", "/bin/true ended without an answer (exit code 0)"),
    ] {
        place.write_job(&format!("reader = \"{program}\""));
        let message = complaint(&place);
        assert!(message.contains(words), "{program}: {message}");
    }
}

#[test]
fn a_wrong_corp_id_is_refused_by_the_login() {
    if !has_sdk("a_wrong_corp_id_is_refused_by_the_login") {
        return;
    }
    let place = Place::new(1);
    let job = fs::read_to_string(place.job_file()).unwrap();
    fs::write(place.job_file(), job.replace("ww08a41f56c8db31fb", "ww1")).unwrap();
    let message = complaint(&place);
    assert!(message.contains("returned 10000: ") && message.contains("corp_id"), "{message}");
}

#[test]
fn a_probe_stores_nothing_and_names_missing_keys() {
    if !has_sdk("a_probe_stores_nothing_and_names_missing_keys") {
        return;
    }
    let mut place = Place::new(2);
    place.send(2, now(), "x");
    let (job, tenant, reader) = (place.job(), place.tenant(), reader());
    let probe = || {
        let request = PullRequest {
            job: &job,
            tenant_dir: &tenant,
            reader: &reader,
            environment: &[],
            now: now(),
            cancel: &Cancel::new(),
        };
        archive::probe(request).map_err(|error| error.to_string())
    };
    assert_eq!(probe(), Ok(vec![]));
    fs::remove_file(KeyFolder::of(&tenant).file(2)).unwrap();
    assert_eq!(probe(), Ok(vec![2]));
    place.faults("chat * 10009");
    assert!(probe().unwrap_err().contains("203.0.113.7"));
    assert!(!tenant.join("session.db").exists());
}
