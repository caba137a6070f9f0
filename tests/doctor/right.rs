//! Everything is set up.

use std::fs;

use super::place::{CUSTOMERS_SECRET, Place, available, state};
use crate::callbacks::receiver::KEY;
use crate::schemas::assert_valid;
use crate::wecom_api::server::{ACCOUNT, APP_SECRET, CONTACTS_SECRET};

#[test]
fn every_step_of_an_insurer_that_is_set_up_is_ok_and_nothing_is_changed() {
    if !available("every_step_of_an_insurer_that_is_set_up_is_ok_and_nothing_is_changed") {
        return;
    }
    let place = Place::new();
    // A tenant that has run before.
    fs::create_dir(place.data().join("00010001")).unwrap();
    fs::write(place.data().join("00010001/org.db"), "a database").unwrap();
    let before = place.state();
    let (steps, code) = place.steps(&place.job(), &[]);
    let others: Vec<(&str, &str)> = steps
        .iter()
        .map(|(id, step)| (id.as_str(), step["state"].as_str().unwrap()))
        .filter(|(_, state)| *state != "ok")
        .collect();
    assert_eq!(
        others,
        [
            ("alerts", "not-checkable"),
            ("archive-purchase", "not-checkable"),
            ("archive-settings", "not-configured"),
            ("login", "not-configured"),
            ("reconciliation", "not-configured"),
        ],
        "{steps:#?}"
    );
    assert_eq!(code, Some(0));
    let seen = |id: &str| steps[id]["seen"]["en"].as_str().unwrap();
    for (id, words) in [
        ("source-security", "the pinned certificate"),
        ("source-files", "temp_agent.txt 247.4 KB"),
        ("agent-content", "temp_agent.txt: "),
        ("agent-content", "a header, 15 columns; of the first"),
        ("node-content", "0 do not fit"),
        ("public-address", "59 days left"),
        ("clock", "as that of the server of public_url; as that of WeCom's servers"),
        ("contacts", "departments it sees: 3, members: 3"),
        ("customer-scope", "3 members may use"),
        ("referer-check", "refused from a foreign page (status 403)"),
    ] {
        assert!(seen(id).contains(words), "{id}: {}", seen(id));
    }
    assert_eq!(place.state(), before, "data folder and file server are as they were");
    assert!(!place.alert().exists());
    // The API was read: nothing was posted but the questions that are posts.
    let posted: Vec<String> =
        place.api.asked().into_iter().filter(|a| a.method == "POST").map(|a| a.call).collect();
    assert_eq!(posted, ["user/list_id", "stable_token"]);
}

#[test]
fn a_test_alert_is_sent_only_when_it_is_asked_for() {
    if !available("a_test_alert_is_sent_only_when_it_is_asked_for") {
        return;
    }
    let place = Place::new();
    let before = place.state();
    let (steps, code) = place.steps(&place.job(), &["--send-test-alert"]);
    assert_eq!((state(&steps, "alerts"), code), ("ok", Some(0)), "{:#}", steps["alerts"]);
    let alert: serde_json::Value =
        serde_json::from_slice(&fs::read(place.alert()).unwrap()).unwrap();
    assert_valid("alert", &alert);
    assert_eq!(alert["kind"], "test", "a receiver can tell it from an event");
    assert!(alert["title"]["zh"].as_str().unwrap().contains("测试告警，无需处理"), "{alert:#}");
    assert_eq!(place.state(), before, "no ledger keeps it");
    let broken = place.job().replace("/bin/sh", "/bin/no-such-program");
    let (steps, code) = place.steps(&broken, &["--send-test-alert"]);
    assert_eq!((state(&steps, "alerts"), code), ("failed", Some(3)));
}

#[test]
fn no_secret_is_in_any_output_of_the_doctor_or_in_its_log_at_any_level() {
    if !available("no_secret_is_in_any_output_of_the_doctor_or_in_its_log_at_any_level") {
        return;
    }
    let place = Place::new();
    let page = tempfile::tempdir().unwrap();
    let html = page.path().join("checklist.html");
    let html_argument = html.to_str().unwrap();
    let password = "pa55-of-the-account";
    place.secret("ftp", password);
    for job in [place.job(), place.job().replace("ftps", "ftp").replace("tls = {", "# tls = {")] {
        for more in [
            &["-vvv", "--html", html_argument][..],
            &["-vvv", "--json"],
            &["-vvv", "--markdown", "--lang", "en"],
        ] {
            let output = place.run(&job, more);
            assert_eq!(output.status.code(), Some(3), "the password is wrong");
            let mut all = [output.stdout, output.stderr].concat();
            all.extend(fs::read(&html).unwrap_or_default());
            let all = String::from_utf8_lossy(&all);
            assert!(all.contains("00010001"), "{all}");
            for secret in [
                APP_SECRET,
                CONTACTS_SECRET,
                CUSTOMERS_SECRET,
                KEY,
                ACCOUNT.1,
                password,
                "access_token=",
            ] {
                assert!(!all.contains(secret), "{secret} in {all}");
            }
        }
    }
}
