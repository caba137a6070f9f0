//! What WeCom and an engineer do: events that come twice or out of order, a file that is not configured yet, a full disk.

use std::io::Write;

use super::receiver::{
    Answer, CORP, EXTERNAL, JOB, KEY, MEMBER, Receiver, TOKEN, event, parse, posted, to_end,
};

fn text(change: &str, user: &str, time: u32) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName>sys</FromUserName>\
         <CreateTime>{time}</CreateTime><MsgType>event</MsgType><Event>change_contact</Event>\
         <ChangeType>{change}</ChangeType><UserID>{user}</UserID></xml>"
    )
}

#[test]
fn a_repeated_event_is_stored_once_and_events_of_one_second_are_all_kept() {
    let receiver = Receiver::start();
    let first = text("create_user", "a", 1_700_000_000);
    let second = text("update_user", "a", 1_700_000_000);
    let older = text("create_user", "b", 1_600_000_000);
    let post = |text: &str, noise| {
        let (target, body) = event(MEMBER, text, CORP, noise);
        let answer = receiver.post(&target, body.as_bytes());
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{text}");
    };
    post(&first, 1);
    post(&first, 1);
    // A retry that is encrypted anew is still the same event.
    post(&first, 2);
    post(&second, 1);
    post(&older, 1);
    assert_eq!(receiver.bodies("00010001"), [first, second, older]);
    let deliveries: i64 = receiver
        .database("00010001")
        .query_row("select deliveries from callback_event order by id limit 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(deliveries, 3);
}

#[test]
fn receive_ids_are_accepted_only_if_the_job_allows_them() {
    let receiver = Receiver::start();
    for (path, receive_id, status) in [
        (EXTERNAL, CORP, 200),
        (EXTERNAL, "suite", 200),
        (EXTERNAL, "", 200),
        (EXTERNAL, "other", 403),
        (MEMBER, CORP, 200),
        (MEMBER, "suite", 403),
        (MEMBER, "", 403),
    ] {
        let (target, body) = event(path, &format!("for {receive_id}"), receive_id, 1);
        let answer = receiver.post(&target, body.as_bytes());
        assert_eq!(answer.status, status, "{path} {receive_id}");
    }
    assert_eq!(receiver.bodies("00010001").len(), 4);
}

#[test]
fn the_domain_verification_file_is_served() {
    let receiver = Receiver::start();
    let answer = receiver.get("/WW_verify_OTLPha66qJcN7Wpf.txt");
    assert_eq!((answer.status, answer.body.as_str()), (200, "OTLPha66qJcN7Wpf"));
    assert!(answer.head.contains("content-type: text/plain\r\n"), "{}", answer.head);
    for path in ["/WW_verify_other.txt", "/ww_verify_OTLPha66qJcN7Wpf.txt", "/"] {
        assert_eq!(receiver.get(path).status, 403, "{path}");
    }
}

#[test]
fn an_application_added_to_the_job_receives_callbacks_without_restart() {
    let receiver = Receiver::start();
    let path = MEMBER.replace("chengyuan", "1000008");
    let (target, body) = event(&path, "text", CORP, 1);
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 403);
    let lines = format!("secret = \"of-the-application\"\ntoken = '{TOKEN}'\naes_key = '{KEY}'");
    let job = parse(&JOB.replace("secret = \"of-the-application\"", &lines));
    let said = receiver.callbacks.set_jobs(&[&job]);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].en.contains("UNSET"), "{}", said[0].en);
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
    let said = receiver.callbacks.set_jobs(&[]);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 403);
    assert_eq!(receiver.bodies("00010001"), ["text"]);
}

#[test]
fn a_callback_that_cannot_be_stored_is_not_acknowledged() {
    let receiver = Receiver::start();
    // In the way of the tenant's folder.
    let folder = receiver.data.path().join("00010001");
    std::fs::write(&folder, "").unwrap();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 503);
    std::fs::remove_file(&folder).unwrap();
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
    assert_eq!(receiver.bodies("00010001"), ["text"]);
}

#[test]
fn several_requests_on_one_connection_are_each_answered() {
    let receiver = Receiver::start();
    let mut requests = Vec::new();
    for n in 0..5 {
        let (target, body) = event(MEMBER, &format!("event {n}"), CORP, 1);
        let request = String::from_utf8(posted(&target, body.as_bytes())).unwrap();
        let last = n == 4;
        requests.extend_from_slice(
            if last { request } else { request.replace("Connection: close\r\n", "") }.as_bytes(),
        );
    }
    let answers = String::from_utf8(receiver.send(&requests)).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 5, "{answers}");
    assert_eq!(receiver.bodies("00010001").len(), 5);
}

#[test]
fn old_and_bare_clients_are_served() {
    let receiver = Receiver::start();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let length = body.len();
    for head in [
        format!("POST {target} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n"),
        format!("POST {target} HTTP/1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"),
        format!(
            "POST http://elsewhere{target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        ),
    ] {
        let answer = Answer::read(&receiver.send(format!("{head}{body}").as_bytes()));
        assert_eq!(answer.status, 200, "{head}");
    }
    // In chunks of one byte, with a trailer.
    let mut chunked = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    for byte in body.chars() {
        chunked.push_str(&format!("1\r\n{byte}\r\n"));
    }
    chunked.push_str("0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(Answer::read(&receiver.send(chunked.as_bytes())).status, 200);
    assert_eq!(receiver.bodies("00010001"), ["text"]);
}

#[test]
fn requests_in_progress_are_answered_before_shutdown() {
    let mut receiver = Receiver::start();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let request = posted(&target, body.as_bytes());
    let (early, late) = request.split_at(request.len() - 10);
    let mut under_way = receiver.connect();
    under_way.write_all(early).unwrap();
    let mut idle = receiver.connect();
    // Answered once, and kept open by its client.
    idle.write_all(b"GET /WW_verify_OTLPha66qJcN7Wpf.txt HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut idle, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let port = receiver.port();
    let late = late.to_vec();
    let sender = std::thread::spawn(move || {
        // A refused connection shows that the shutdown has begun.
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            // Connections without a pause would keep the server from ending.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        under_way.write_all(&late).unwrap();
        Answer::read(&to_end(&mut under_way)).status
    });
    receiver.stop();
    assert_eq!(sender.join().unwrap(), 200);
    to_end(&mut idle);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    assert_eq!(receiver.bodies("00010001"), ["text"]);
}

#[test]
fn callbacks_are_counted_and_unknown_senders_create_no_metric_series() {
    let receiver = Receiver::start();
    let counted = |outcome: &str| {
        let text = receiver.counts.render();
        let label = format!("agent=\"chengyuan\",outcome=\"{outcome}\"");
        text.lines().find(|line| line.contains(&label)).map(|line| line.to_owned())
    };
    let line = |outcome: &str, count: u32| {
        Some(format!(
            "orgsnap_callbacks_total{{tenant=\"00010001\",agent=\"chengyuan\",outcome=\"{outcome}\"}} {count}"
        ))
    };
    assert_eq!(counted("stored"), line("stored", 0), "it is there before the first callback");
    assert_eq!(counted("repeated"), None);
    let (target, body) = event(MEMBER, "text", CORP, 1);
    for _ in 0..3 {
        assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
    }
    assert_eq!(receiver.post(MEMBER, body.as_bytes()).status, 403);
    let (other, body) = event(MEMBER, "text", "another", 1);
    assert_eq!(receiver.post(&other, body.as_bytes()).status, 403);
    for (outcome, count) in [("stored", 1), ("repeated", 2), ("query", 1), ("receive-id", 1)] {
        assert_eq!(counted(outcome), line(outcome, count));
    }
    let before = receiver.counts.render().lines().count();
    for n in 0..5 {
        let target = target.replace("00010001", &format!("9{n}"));
        assert_eq!(receiver.post(&target, body.as_bytes()).status, 403);
    }
    let text = receiver.counts.render();
    assert_eq!(text.lines().count(), before + 1, "{text}");
    assert!(
        text.contains("orgsnap_callbacks_total{tenant=\"\",agent=\"\",outcome=\"tenant\"} 5\n"),
        "{text}"
    );
}

#[test]
fn a_database_that_was_deleted_under_the_receiver_takes_no_more_events() {
    let receiver = Receiver::start();
    let post = |text: &str| {
        let (target, body) = event(MEMBER, text, CORP, 1);
        assert_eq!(receiver.post(&target, body.as_bytes()).status, 200, "{text}");
    };
    post("before");
    std::fs::remove_dir_all(receiver.data.path().join("00010001")).unwrap();
    post("after");
    assert_eq!(receiver.bodies("00010001"), ["after"]);
}
