//! Which alerts the dispatcher sends, and that each is sent once.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use orgsnap::{
    alert::{Alert, AlertDispatcher, EventKind, RunEvent, document, markdown},
    model::{GateReason, Language, Message},
};
use serde_json::Value;

use super::events::{NOW, broken, event, facts, failed, in_vain, job, late, published, refused};
use super::{Recorder, TWO_CHANNELS, alert, content, dispatcher, report};

const SOON: Duration = Duration::from_secs(20);

/// One alert of every sort.
fn every_sort() -> Vec<(&'static str, Alert)> {
    let job = job(TWO_CHANNELS);
    let after = |first: EventKind, then: EventKind| {
        let folder = tempfile::tempdir().unwrap();
        let dispatcher = AlertDispatcher::new(folder.path());
        report(&dispatcher, &job, &event(22, first));
        report(&dispatcher, &job, &event(23, then)).expect("a changed condition");
        content(folder.path()).outbox.pop().unwrap().alert
    };
    vec![
        ("refused", alert(&job, &event(23, refused()))),
        ("failed", alert(&job, &event(23, failed()))),
        ("late", alert(&job, &event(23, late()))),
        ("late-in-vain", alert(&job, &event(23, in_vain()))),
        ("recovered", after(refused(), published())),
        ("job-file-broken", alert(&job, &event(23, broken()))),
        ("job-file-read", after(broken(), EventKind::JobFileRead)),
    ]
}

#[test]
fn markdown_alerts_match_their_snapshots_in_both_languages() {
    for (name, alert) in every_sort() {
        for (language, tongue) in [(Language::Chinese, "zh"), (Language::English, "en")] {
            let text = markdown(&alert, language);
            insta::assert_snapshot!(format!("alert_{name}_{tongue}"), text);
        }
    }
}

#[test]
fn markup_in_delivered_text_is_escaped_in_markdown() {
    let job = job(TWO_CHANNELS);
    let text = markdown(&alert(&job, &event(23, failed())), Language::Chinese);
    for forbidden in ["<@", "](", "\u{1b}"] {
        assert!(!text.contains(forbidden), "{forbidden} in {text}");
    }
    for (name, alert) in every_sort() {
        let text = markdown(&alert, Language::English);
        let mut rest = text.as_str();
        while let Some(at) = rest.find("<font color=\"") {
            rest = &rest[at + "<font color=\"".len()..];
            let colour = rest.split('"').next().unwrap();
            assert!(["info", "comment", "warning"].contains(&colour), "{name}: {colour}");
        }
    }
}

#[test]
fn a_long_alert_is_cut_at_a_line_end_and_keeps_the_report_path() {
    let long = "机构".repeat(2_000);
    let mut huge = facts();
    let message = Message::new(long.clone(), long);
    huge.reasons =
        (0..50).map(|_| GateReason { limit: "quarantined", message: message.clone() }).collect();
    huge.causes.iter_mut().for_each(|cause| cause.what = message.clone());
    huge.findings = facts().findings.into_iter().cycle().take(300).collect();
    let job = job(TWO_CHANNELS);
    let alert = alert(&job, &event(23, EventKind::Refused(huge)));
    assert_eq!((alert.findings.len(), alert.rules_fired), (20, 300));
    for language in [Language::Chinese, Language::English] {
        let text = markdown(&alert, language);
        assert!(text.len() <= 4096, "{} bytes", text.len());
        assert!(text.len() > 1_500, "{} bytes: too much was cut", text.len());
        assert!(text.contains("report.json"));
        assert!(text.ends_with("</font>"), "{text}");
    }
}

#[test]
fn documents_follow_their_json_schema_and_invalid_ones_do_not() {
    let schema: Value = serde_json::from_str(document::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, alert) in every_sort() {
        let mut value = serde_json::to_value(&alert).unwrap();
        let faults: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
        let again: Alert = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(again, alert);
        for key in value.as_object().unwrap().keys().cloned().collect::<Vec<_>>() {
            let taken = value.as_object_mut().unwrap().remove(&key).unwrap();
            assert!(!validator.is_valid(&value), "{name} without {key}");
            value[&key] = taken;
        }
        value["kind"] = "published".into();
        assert!(!validator.is_valid(&value), "{name} of an unknown kind");
    }
}

#[test]
fn each_alert_is_sent_once_per_subscribed_channel_also_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(TWO_CHANNELS);
    let recorder = Recorder::failing(0);
    let history: [(u32, EventKind, Option<&str>); 7] = [
        (22, published(), None),
        (23, late(), Some("late")),
        (23, late(), None),
        (23, refused(), Some("refused")),
        (23, refused(), None),
        (24, published(), Some("recovered")),
        (24, published(), None),
    ];
    for (day, what, expected) in history {
        // Killed after each step, before anything was sent, and twice more after it was.
        let killed = dispatcher(folder.path(), &job, &recorder);
        assert_eq!(report(&killed, &job, &event(day, what.clone())), expected);
        drop(killed);
        for _ in 0..2 {
            let restarted = dispatcher(folder.path(), &job, &recorder);
            assert_eq!(report(&restarted, &job, &event(day, what.clone())), None);
            let left = restarted.flush(SOON);
            assert_eq!((left.count, left.faults.len()), (0, 0));
        }
    }
    let mut sent = recorder.sent();
    sent.sort();
    let expected = [
        ("command", "late"),
        ("command", "recovered"),
        ("command", "refused"),
        ("webhook", "refused"),
    ];
    assert_eq!(sent, expected.map(|(channel, kind)| (channel.to_owned(), kind)));
    let ids: Vec<String> = content(folder.path()).sent.into_iter().map(|sent| sent.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(content(folder.path()).outbox.is_empty());
}

#[test]
fn a_failed_alert_is_retried_with_the_same_id_and_kept_at_the_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let job = job("[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n");
    let recorder = Recorder::failing(2);
    let first = dispatcher(folder.path(), &job, &recorder);
    assert_eq!(report(&first, &job, &event(23, late())), Some("late"));
    let id = content(folder.path()).outbox[0].alert.id.clone();
    let left = first.flush(Duration::ZERO);
    assert_eq!(left.count, 1);
    let messages = left.messages();
    assert!(
        messages.last().unwrap().en.starts_with("1 alert(s) could not be sent"),
        "{messages:?}"
    );
    assert_eq!(recorder.sent(), []);
    assert_eq!(first.flush(SOON).count, 0);
    let sent = recorder.sent.lock().unwrap();
    assert_eq!(sent.iter().map(|(_, alert)| alert.id.clone()).collect::<Vec<_>>(), [id]);
}

#[test]
fn two_processes_never_send_the_same_alert_twice() {
    let folder = tempfile::tempdir().unwrap();
    let job = job("[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n");
    let recorder = Arc::new(Recorder { delay: Duration::from_millis(300), ..Recorder::default() });
    let daemon = dispatcher(folder.path(), &job, &recorder);
    report(&daemon, &job, &event(23, late()));
    let manual_import = dispatcher(folder.path(), &job, &recorder);
    std::thread::scope(|scope| {
        for dispatcher in [&daemon, &manual_import] {
            scope.spawn(move || assert_eq!(dispatcher.flush(SOON).count, 0));
        }
    });
    assert_eq!(recorder.sent(), [("command".to_owned(), "late")]);
}

/// Waits until the outbox is empty; at most 30 s.
fn wait_until_sent(folder: &Path) {
    let begun = Instant::now();
    while !content(folder).outbox.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} unsent", content(folder).unsent());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Each worker that found another one sending counted that as a failure, and the last to note it set the delay: 45 s.
#[test]
fn alerts_posted_while_another_is_sent_are_not_delayed_as_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let job = job("[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n");
    let recorder = Arc::new(Recorder { delay: Duration::from_millis(300), ..Recorder::default() });
    let dispatcher = dispatcher(folder.path(), &job, &recorder);
    dispatcher.start().unwrap();
    for day in [21, 23, 25] {
        for (day, what) in [(day, late()), (day, refused()), (day + 1, published())] {
            report(&dispatcher, &job, &event(day, what));
        }
    }
    wait_until_sent(folder.path());
    dispatcher.stop(SOON);
    assert_eq!(recorder.sent().len(), 9);
}

#[test]
fn the_background_dispatcher_sends_alerts_and_stops_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let job = job("[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n");
    let recorder = Recorder::failing(0);
    let dispatcher = dispatcher(folder.path(), &job, &recorder);
    dispatcher.start().unwrap();
    for (day, what) in [(23, late()), (23, refused()), (24, published())] {
        report(&dispatcher, &job, &event(day, what));
    }
    wait_until_sent(folder.path());
    dispatcher.stop(SOON);
    assert_eq!(recorder.sent().len(), 3);
    report(&dispatcher, &job, &event(25, late()));
    assert_eq!(content(folder.path()).unsent(), 1, "what comes after the end is kept");
}

#[test]
fn alerts_for_removed_channels_and_expired_alerts_are_dropped() {
    let both = job(TWO_CHANNELS);
    let one = job("[[alert]]\nkind = \"webhook\"\nurl = \"https://example.com/\"\n");
    for (later, job, left) in [
        (TimeDelta::hours(1), &both, 2),
        (TimeDelta::hours(1), &one, 1),
        (TimeDelta::hours(49), &both, 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        report(&AlertDispatcher::new(folder.path()), &both, &event(23, refused()));
        AlertDispatcher::new(folder.path()).register(job, *NOW + later).unwrap();
        assert_eq!(content(folder.path()).unsent(), left);
    }
    let none = job_without_alerts();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(report(&AlertDispatcher::new(folder.path()), &none, &event(23, refused())), None);
    assert!(!folder.path().join("t").exists(), "a job without alerts leaves no ledger");
}

fn job_without_alerts() -> orgsnap::config::job::Job {
    job("")
}

#[test]
fn a_full_disk_is_alerted_although_the_ledger_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::write(&data, "no folder").unwrap();
    let job = job("[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n");
    let recorder = Recorder::failing(0);
    let dispatcher = AlertDispatcher::with_sender(&data, Arc::<Recorder>::clone(&recorder));
    let full: RunEvent = event(23, failed());
    assert_eq!(report(&dispatcher, &job, &full), Some("failed"));
    assert_eq!(report(&dispatcher, &job, &full), None);
    assert_eq!(dispatcher.flush(SOON).count, 0);
    assert_eq!(dispatcher.flush(SOON).count, 0);
    assert_eq!(recorder.sent(), [("command".to_owned(), "failed")]);
    // Once it can be written to, what was told is kept.
    fs::remove_file(&data).unwrap();
    assert_eq!(report(&dispatcher, &job, &event(24, late())), Some("late"));
    assert_eq!(content(&data).conditions.dates.len(), 2);
}

#[test]
fn a_damaged_alert_ledger_is_recreated_and_a_newer_one_left_unchanged() {
    let job = job(TWO_CHANNELS);
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("t/alerts.json");
    fs::create_dir(folder.path().join("t")).unwrap();
    fs::write(&ledger, "{\"version\": 1, \"trou").unwrap();
    assert_eq!(
        report(&AlertDispatcher::new(folder.path()), &job, &event(23, late())),
        Some("late")
    );
    let newer = "{\"version\": 2, \"content\": 7}";
    fs::write(&ledger, newer).unwrap();
    let error =
        AlertDispatcher::new(folder.path()).report(&job, &event(23, late()), *NOW).unwrap_err();
    assert!(error.message().en.contains("newer orgsnap (format 2"), "{error}");
    assert_eq!(fs::read_to_string(&ledger).unwrap(), newer);
}
