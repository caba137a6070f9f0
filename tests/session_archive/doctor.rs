//! The steps of `orgsnap doctor` about the session archive.

use serde_json::Value;

use super::*;

/// State and advice of the steps 六.1 and 六.2.
fn steps(place: &Place) -> (String, Value) {
    let output = place.run(&["doctor", "job.toml", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    let step = |id: &str| steps.iter().find(|step| step["id"] == id).unwrap().clone();
    assert!(!said(&output).contains("s3cret"), "{}", said(&output));
    (step("archive-purchase")["state"].as_str().unwrap().to_owned(), step("archive-settings"))
}

#[test]
fn the_doctor_asks_for_a_message_and_stores_none() {
    if !has_sdk("the_doctor_asks_for_a_message_and_stores_none") {
        return;
    }
    let mut place = Place::new(2);
    place.send(2, now(), "x");
    let (purchase, settings) = steps(&place);
    assert_eq!((purchase.as_str(), &settings["state"]), ("ok", &"ok".into()), "{settings}");
    assert!(!place.tenant().join("session.db").exists());

    fs::remove_file(KeyFolder::of(&place.tenant()).file(2)).unwrap();
    let (_, settings) = steps(&place);
    assert_eq!((&settings["state"], &settings["who"]), (&"failed".into(), &"vendor".into()));
    assert!(settings["seen"]["en"].as_str().unwrap().contains("version 2"), "{settings}");

    place.faults("chat * 10009");
    let (purchase, settings) = steps(&place);
    assert_eq!(purchase, "not-checkable");
    assert_eq!((&settings["state"], &settings["who"]), (&"failed".into(), &"insurer".into()));
    assert_eq!(settings["paste"][0]["value"], "203.0.113.7");

    place.faults("chat * hang");
    assert_eq!(steps(&place).1["state"], "failed");
    let calls = fs::read_to_string(place.wecom("calls-chat")).unwrap();
    assert_eq!(calls, "1", "a library that hangs is waited for once");
}

#[test]
fn the_doctor_tells_that_there_is_no_pair_of_keys_yet() {
    if !has_sdk("the_doctor_tells_that_there_is_no_pair_of_keys_yet") {
        return;
    }
    let place = Place::new(0);
    let (_, settings) = steps(&place);
    assert_eq!(settings["state"], "failed");
    assert!(settings["advice"]["en"].as_str().unwrap().contains("archive-key new t"), "{settings}");
}
