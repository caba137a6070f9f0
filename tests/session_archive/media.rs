//! Files of messages: only when asked for, piece by piece, checked.

use std::os::unix::fs::PermissionsExt as _;

use md5::{Digest as _, Md5};

use super::*;

/// A picture is sent; its content is what WeCom has of it.
fn send_picture(place: &mut Place, file_id: &str, content: &[u8]) {
    let md5: String = Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let number = place.sent.len() + 1;
    place.send_text(
        1,
        &format!(
            "{{\"msgid\":\"m{number}\",\"msgtime\":{},\"msgtype\":\"image\",\"image\":{{\"md5sum\":\"{md5}\",\
             \"sdkfileid\":\"{file_id}\"}}}}",
            now().timestamp_millis()
        ),
    );
}

fn states(place: &Place) -> Vec<(String, String, Option<i64>)> {
    let db = place.database();
    let mut statement = db.prepare("select file_id, state, size from media order by 1").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn files_are_fetched_only_when_asked_for_whole_and_private() {
    if !has_sdk("files_are_fetched_only_when_asked_for_whole_and_private") {
        return;
    }
    let mut place = Place::new(1);
    fs::create_dir(place.wecom("media")).unwrap();
    // Three pieces and a bit, and one that ends with a piece.
    let large: Vec<u8> = (0..3 * 524_288 + 7).map(|at: u32| (at % 251) as u8).collect();
    let even = vec![7; 524_288];
    for (id, content) in [("large", &large), ("even", &even), ("empty", &Vec::new())] {
        fs::write(place.wecom("media").join(id), content).unwrap();
        send_picture(&mut place, id, content);
    }
    send_picture(&mut place, "expired", b"gone");
    send_picture(&mut place, "unknown", b"gone");
    fs::write(place.wecom("media/other"), "other").unwrap();
    send_picture(&mut place, "other", b"what the message says");
    let summary = place.pull().unwrap();
    assert_eq!((summary.stored, summary.files), (6, 0));
    assert!(states(&place).iter().all(|(_, state, _)| state == "wanted"));
    assert!(!place.tenant().join("session/media").exists());
    place.write_job("timeout = \"1s\"\nmedia = true");
    let summary = place.pull().unwrap();
    assert_eq!((summary.files, summary.files_failed, summary.files_lost), (3, 1, 2));
    let found = states(&place);
    let state = |id: &str| found.iter().find(|(of, ..)| of == id).map(|(_, s, _)| s.as_str());
    assert_eq!(state("expired"), Some("lost"));
    assert_eq!(state("unknown"), Some("lost"));
    assert_eq!(state("other"), Some("wanted"), "its MD5 is another one");
    let mut stored: Vec<Vec<u8>> = Vec::new();
    for entry in fs::read_dir(place.tenant().join("session/media")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path.extension().unwrap(), "jpg");
        stored.push(fs::read(path).unwrap());
    }
    stored.sort_by_key(Vec::len);
    assert_eq!(stored, [Vec::new(), even, large]);
}

#[test]
fn a_file_at_which_the_library_crashes_keeps_no_other_and_is_given_up_after_five_times() {
    if !has_sdk(
        "a_file_at_which_the_library_crashes_keeps_no_other_and_is_given_up_after_five_times",
    ) {
        return;
    }
    let mut place = Place::new(1);
    place.write_job("timeout = \"1s\"\nmedia = true");
    fs::create_dir(place.wecom("media")).unwrap();
    fs::write(place.wecom("media/a"), "a").unwrap();
    send_picture(&mut place, "a", b"a");
    place.faults("media * 10006");
    for attempt in 1..=5 {
        let summary = place.pull().unwrap();
        assert_eq!((summary.files, summary.files_failed), (0, 1), "{attempt}");
    }
    assert_eq!(states(&place)[0].1, "failed");
    assert_eq!(place.pull().unwrap().files_failed, 0);
    // Where WeCom cannot be reached for it, that is no attempt: it is kept there for days.
    place.database().execute("update media set state = 'wanted', attempts = 4", []).unwrap();
    place.faults("media * 10001");
    assert_eq!(place.pull().unwrap().files_failed, 1);
    assert_eq!(states(&place)[0].1, "wanted");
    place.faults("");
    assert_eq!(place.pull().unwrap().files, 1);
    // One crash is got over within the pull.
    fs::write(place.wecom("media/b"), "b").unwrap();
    send_picture(&mut place, "b", b"b");
    place.faults("media 1 crash");
    assert_eq!(place.pull().unwrap().files, 1);
}

#[test]
fn a_file_that_is_there_is_taken_only_for_a_message_that_says_its_md5() {
    if !has_sdk("a_file_that_is_there_is_taken_only_for_a_message_that_says_its_md5") {
        return;
    }
    let mut place = Place::new(1);
    place.write_job("timeout = \"1s\"\nmedia = true");
    fs::create_dir(place.wecom("media")).unwrap();
    fs::write(place.wecom("media/a"), "a").unwrap();
    send_picture(&mut place, "a", b"a");
    send_picture(&mut place, "a", b"a");
    send_picture(&mut place, "a", b"another content");
    let summary = place.pull().unwrap();
    assert_eq!((summary.files, summary.files_failed), (2, 1));
    let states: Vec<_> = states(&place).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, ["stored", "stored", "wanted"]);
}
