//! The real channels against servers and programs that misbehave.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use orgsnap::{
    alert::send::{Bounds, ChannelSender, SendError, Sender as _},
    model::Cancel,
};
use serde_json::Value;

use super::alert;
use super::events::{event, job, refused};
use super::receiver::{Behaviour, Receiver};
use crate::fetch::certificate;

/// Sends one alert on the only channel of a job, with so much time.
fn send(channel: &str, within: Duration) -> Result<(), SendError> {
    let job = job(channel);
    let alert = alert(&job, &event(23, refused()));
    let bounds = Bounds { deadline: Instant::now() + within, cancel: Cancel::new() };
    ChannelSender::default().send(&job.alerts[0], &alert, &bounds)
}

const PLENTY: Duration = Duration::from_secs(30);

fn robot(url: &str) -> String {
    format!("[[alert]]\nkind = \"wecom-robot\"\nurl = \"{url}\"\n")
}

fn webhook(url: &str, more: &str) -> String {
    format!("[[alert]]\nkind = \"webhook\"\nurl = \"{url}\"\n{more}")
}

#[test]
fn a_webhook_receives_the_document_and_the_bearer_token() {
    let server = Receiver::new(vec![Behaviour::Answer("204 No Content", "")]);
    send(&webhook(&server.url(), "bearer = \"T0KEN\"\n"), PLENTY).unwrap();
    let received = server.received();
    assert_eq!(received.len(), 1);
    let head = &received[0].head;
    assert!(head.starts_with("POST /hook?key=S3CRET-KEY HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer T0KEN\r\n"), "{head}");
    assert!(head.contains("content-type: application/json; charset=utf-8\r\n"), "{head}");
    let document: Value = serde_json::from_str(&received[0].body).unwrap();
    assert_eq!((&document["kind"], &document["tenant"]), (&"refused".into(), &"t".into()));
}

#[test]
fn a_webhook_of_a_private_authority_is_trusted_by_its_certificate_only() {
    if !certificate::available("webhooks over TLS") {
        return;
    }
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = certificate::make(folder.path());
    let own = made.ca;
    let foreign = certificate::make(other.path()).ca;
    let server = Receiver::behind_tls(folder.path());
    let url = server.url().replace("http://", "https://");
    let with = |ca: &Path| webhook(&url, &format!("ca = \"{}\"\n", ca.display()));
    send(&with(&own), PLENTY).unwrap();
    assert_eq!(server.received().len(), 1);
    let shown = format!("{}, subject CN=127.0.0.1, valid until ", made.fingerprint);
    for (channel, expected) in [
        (webhook(&url, ""), shown.as_str()),
        (with(&foreign), &shown),
        (with(&foreign), "write in that [[alert]]: ca = \"webhook.pem\""),
        (with(&folder.path().join("san")), "san cannot be used ("),
        (with(&folder.path().join("nowhere.pem")), "nowhere.pem cannot be used ("),
    ] {
        let error = send(&channel, PLENTY).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("S3CRET"), "{error}");
    }
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_webhook_with_a_self_signed_certificate_is_trusted_where_ca_names_it() {
    if !certificate::available("webhooks over TLS") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let own = certificate::make_self_signed(folder.path(), &["-subj", "/CN=127.0.0.1"]).ca;
    let server = Receiver::behind_tls(folder.path());
    let url = server.url().replace("http://", "https://");
    send(&webhook(&url, &format!("ca = \"{}\"\n", own.display())), PLENTY).unwrap();
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_robot_receives_markdown_and_its_errcode_decides() {
    let ok = "{\"errcode\":0,\"errmsg\":\"ok\"}";
    let server = Receiver::new(vec![Behaviour::Answer("200 OK", ok)]);
    send(&robot(&server.url()), PLENTY).unwrap();
    let body: Value = serde_json::from_str(&server.received()[0].body).unwrap();
    assert_eq!(body["msgtype"], "markdown");
    let content = body["markdown"]["content"].as_str().unwrap();
    assert!(content.contains("示例人寿") && content.contains("R201"), "{content}");

    for (answer, expected) in [
        (
            "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}",
            "errcode 93000, invalid webhook url",
        ),
        ("{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", "too frequent (errcode 45009"),
        ("<html>login</html>", "the answer is not WeCom's"),
        ("", "the answer is not WeCom's"),
    ] {
        let server = Receiver::new(vec![Behaviour::Answer("200 OK", answer)]);
        let error = send(&robot(&server.url()), PLENTY).unwrap_err().to_string();
        assert!(error.contains(expected), "{answer}: {error}");
    }
}

#[test]
fn a_misbehaving_server_gives_an_error_without_secrets_in_bounded_time() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://127.0.0.1:{}/x?key=S3CRET-KEY", listener.local_addr().unwrap().port())
    };
    let of = |behaviour| Receiver::new(vec![behaviour]);
    let (broken, closing, moved, stalling) = (
        of(Behaviour::Answer("500 Internal Server Error", "S3CRET-KEY")),
        of(Behaviour::Close),
        of(Behaviour::Answer("302 Found", "")),
        of(Behaviour::Stall),
    );
    for (url, within, expected) in [
        (nobody, PLENTY, "cannot be reached"),
        (broken.url(), PLENTY, "HTTP status 500"),
        (closing.url(), PLENTY, "cannot be reached"),
        (moved.url(), PLENTY, "HTTP status 302"),
        (stalling.url(), Duration::from_millis(500), "did not answer in time"),
        // Plain HTTP where TLS is expected.
        (broken.url().replace("http://", "https://"), PLENTY, "cannot be reached"),
        ("http://no such host/?key=S3CRET-KEY".replace(' ', "%20"), PLENTY, "no https:// address"),
    ] {
        let began = Instant::now();
        let error = send(&webhook(&url, "bearer = \"T0KEN\"\n"), within).unwrap_err();
        assert!(error.to_string().contains(expected), "{url}: {error}");
        let all = format!("{error} {error:?} {:?}", error.message());
        assert!(!all.contains("S3CRET") && !all.contains("T0KEN"), "{all}");
        assert!(began.elapsed() < Duration::from_secs(60));
    }
    assert_eq!(moved.received().len(), 1, "a redirect is not followed");
}

#[test]
fn sending_to_a_stalled_server_ends_on_shutdown() {
    let server = Receiver::new(vec![Behaviour::Stall]);
    let job = job(&robot(&server.url()));
    let alert = alert(&job, &event(23, refused()));
    let cancel = Cancel::new();
    let bounds = Bounds { deadline: Instant::now() + PLENTY * 4, cancel: cancel.clone() };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            while server.received().is_empty() && began.elapsed() < PLENTY * 2 {
                std::thread::sleep(Duration::from_millis(20));
            }
            cancel.ask();
        });
        let error = ChannelSender::default().send(&job.alerts[0], &alert, &bounds).unwrap_err();
        assert!(matches!(error, SendError::Cancelled), "{error}");
    });
}

/// A channel that runs a shell script of these lines in a folder.
fn script(folder: &Path, lines: &str, more: &str) -> String {
    let path = folder.join("notify.sh");
    fs::write(&path, format!("cd '{}'\n{lines}\n", folder.display())).unwrap();
    format!(
        "[[alert]]\nkind = \"command\"\ncommand = [\"sh\", \"{}\", \"a b\"]\n{more}",
        path.display()
    )
}

#[test]
fn a_command_receives_the_document_on_stdin_and_a_summary_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "cat > in.json\nprintf '%s|' \"$1\" \"$ORGSNAP_ALERT_KIND\" \"$ORGSNAP_TENANT\" \
        \"$ORGSNAP_BUSINESS_DATE\" \"$ORGSNAP_TITLE_EN\" \"$ORGSNAP_REPORT\" > env";
    send(&script(folder.path(), lines, ""), PLENTY).unwrap();
    let document: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("in.json")).unwrap()).unwrap();
    assert_eq!(document["findings"][0]["code"], "R201");
    assert_eq!(
        fs::read_to_string(folder.path().join("env")).unwrap(),
        "a b|refused|t|2024-11-23|示例人寿 (t) 2024-11-23: not published|\
         data/t/reports/20241123-183000-1f3a/report.json|"
    );
}

#[test]
fn a_failing_command_gives_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (lines, expected) in [
        ("exit 3", "did not succeed (exit status: 3)"),
        ("kill -TERM $$", "did not succeed (signal: 15"),
    ] {
        let error = send(&script(folder.path(), lines, ""), PLENTY).unwrap_err().to_string();
        assert!(error.contains(expected), "{lines}: {error}");
    }
    // One that reads nothing and prints much is fine.
    send(&script(folder.path(), "yes | head -c 3000000", ""), PLENTY).unwrap();
    let absent = "[[alert]]\nkind = \"command\"\ncommand = [\"./nowhere\"]\n";
    let error = send(absent, PLENTY).unwrap_err().to_string();
    assert!(error.contains("cannot run jobs/./nowhere"), "{error}");
}

#[test]
fn a_hanging_command_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let lines = "sleep 600 &\necho $! > child\nsleep 600";
    let began = Instant::now();
    let error = send(&script(folder.path(), lines, "timeout = \"1s\"\n"), PLENTY).unwrap_err();
    assert!(matches!(error, SendError::CommandTimedOut { .. }), "{error}");
    assert!(began.elapsed() < PLENTY);
    let child = fs::read_to_string(folder.path().join("child")).unwrap();
    let stat = Path::new("/proc").join(child.trim()).join("stat");
    // Gone, or dead and not yet waited for by whoever took it over.
    let gone = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    for _ in 0..200 {
        if gone() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("what the command started is still there: {}", child.trim());
}
