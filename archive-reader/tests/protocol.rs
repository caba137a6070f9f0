//! The process itself: what it answers to requests that never reach a library.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use orgsnap_archive_reader::{Answer, Fault, Request};

/// Sends lines, and returns what each is answered.
fn answers(lines: &[String]) -> Vec<Fault> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgsnap-archive-reader"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    drop(input);
    let answers =
        BufReader::new(child.stdout.take().unwrap()).lines().map(
            |line| match serde_json::from_str(&line.unwrap()).unwrap() {
                Answer::Fault { fault } => fault,
                _ => panic!("no library is there to answer"),
            },
        );
    let answers = answers.collect();
    assert!(child.wait().unwrap().success(), "it ends with its input");
    answers
}

#[test]
fn a_library_that_is_missing_or_none_and_lines_that_are_no_request_are_answers() {
    let folder = std::env::temp_dir();
    let open = |library: &str| {
        let (library, secret) = (folder.join(library), "s".to_owned());
        serde_json::to_string(&Request::Open { library, corp_id: "ww1".to_owned(), secret })
            .unwrap()
    };
    let none = folder.join(format!("orgsnap-no-library-{}", std::process::id()));
    std::fs::write(&none, "no library").unwrap();
    let lines = [
        open("orgsnap-missing.so"),
        open(none.to_str().unwrap()),
        r#"{"call":"decrypt","key":"AA==","message":"m"}"#.to_owned(),
        "no JSON".to_owned(),
        r#"{"call":"erase"}"#.to_owned(),
    ];
    let answers = answers(&lines);
    std::fs::remove_file(&none).unwrap();
    assert_eq!(answers.len(), lines.len());
    let Fault::NotLoaded { reason } = &answers[0] else { panic!("{:?}", answers[0]) };
    assert!(reason.contains("orgsnap-missing.so"), "{reason}");
    assert!(matches!(&answers[1], Fault::NotLoaded { .. }), "{:?}", answers[1]);
    assert_eq!(answers[2..], [Fault::NotOpen, Fault::BadRequest, Fault::BadRequest]);
}
