//! What others send: every refusal looks the same, nothing is stored, and the next right callback is taken.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{Array, BlockModeEncrypt, KeyIvInit};
use orgsnap::web::server::Limits;

use super::receiver::{
    Answer, CORP, EXTERNAL, MEMBER, Receiver, TIMEOUT, credentials, event, percent, posted, signed,
    to_end,
};

/// How every refusal looks, but for its date.
fn refusal() -> Answer {
    Answer {
        status: 403,
        head: "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 8".to_owned(),
        body: "refused\n".to_owned(),
    }
}

/// Whole blocks encrypted as they are, right or wrong inside.
fn sealed(mut bytes: Vec<u8>) -> String {
    // The key of the tests, decoded leniently.
    let mut key = STANDARD.decode("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2A=").unwrap();
    key.truncate(32);
    let key: [u8; 32] = key.try_into().unwrap();
    let iv: [u8; 16] = key[..16].try_into().unwrap();
    let (blocks, rest) = Array::slice_as_chunks_mut(&mut bytes);
    assert!(rest.is_empty());
    cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_blocks(blocks);
    STANDARD.encode(bytes)
}

/// Noise, a length, a text with the corp id after it, and a pad of that many bytes whose value is `value`.
fn inside(length: u32, text: &str, pad: usize, value: u8) -> Vec<u8> {
    let mut bytes = vec![7; 16];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(CORP.as_bytes());
    bytes.extend(std::iter::repeat_n(value, pad));
    bytes
}

/// Target and body of a callback with that ciphertext, signed rightly.
fn carrying(encrypted: &str) -> (String, Vec<u8>) {
    let body = format!("<xml><Encrypt>{encrypted}</Encrypt></xml>");
    (format!("{MEMBER}?{}", signed(encrypted)), body.into_bytes())
}

#[test]
fn every_refused_request_gets_the_same_response() {
    let receiver = Receiver::start();
    let (right, body) = event(MEMBER, "text", CORP, 1);
    let body = body.into_bytes();
    let query = right.split_once('?').unwrap().1.to_owned();
    let encrypted = credentials().encrypt([1; 16], b"text", CORP);
    let echo = percent(&encrypted);
    let check = format!("{right}&echostr={echo}");
    assert_eq!(receiver.get(&check).body, "text", "what the table changes is right as it stands");

    let post = |target: &str, body: &[u8]| posted(target, body);
    let get = |target: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes()
    };
    let with = |method: &str| {
        [format!("{method} {check} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes(), body.clone()].concat()
    };
    let other = event(MEMBER, "text", "wwf181555a13a31443", 1);
    let doctype =
        event(MEMBER, "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><Event>&a;</Event></xml>", CORP, 1);
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY a \"{}\">{}]><xml><Encrypt>&z;</Encrypt></xml>",
        "a".repeat(1_000),
        ('b'..='z')
            .map(|c| {
                let before = char::from(c as u8 - 1);
                format!("<!ENTITY {c} \"&{before};&{before};&{before};&{before};\">")
            })
            .collect::<String>()
    );
    let external = format!(
        "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>{encrypted}</Encrypt></xml>"
    );
    let twice = format!("<xml><Encrypt>{encrypted}</Encrypt><Encrypt>{encrypted}</Encrypt></xml>");
    let flipped = {
        let mut bytes = STANDARD.decode(&encrypted).unwrap();
        bytes[0] ^= 1;
        STANDARD.encode(bytes)
    };
    let truncated = STANDARD.encode(&STANDARD.decode(&encrypted).unwrap()[..16]);
    let large = vec![b' '; (1 << 20) + 1];
    let from = |pair: (String, Vec<u8>)| post(&pair.0, &pair.1);
    let text = |pair: &(String, String)| post(&pair.0, pair.1.as_bytes());

    for (what, request) in [
        // The path.
        ("no page", get("/")),
        ("another page", get("/index.html")),
        ("no tenant", get(&check.replace("00010001", "00010002"))),
        ("another corp id", get(&check.replace("ww08a41f56c8db31fb/", "ww08a41f56c8db31fc/"))),
        ("no application", get(&check.replace("chengyuan", "1000001"))),
        ("an application without token and key", get(&check.replace("chengyuan", "1000008"))),
        ("an application whose secrets are not set", get(&check.replace("chengyuan", "1000009"))),
        ("the other address", get(&check.replace(MEMBER, &EXTERNAL.replace("kehu", "chengyuan")))),
        ("a slash at the end", get(&check.replace("chengyuan?", "chengyuan/?"))),
        ("two slashes", get(&check.replace("/customer", "//customer"))),
        ("two slashes within", get(&check.replace("/member/", "/member//"))),
        ("lower case", get(&check.replace("wxCallBack", "wxcallback"))),
        ("upper case", get(&check.replace("chengyuan", "CHENGYUAN"))),
        ("a needless percent", get(&check.replace("chengyuan", "%63hengyuan"))),
        ("a slash as a percent", get(&check.replace("/chengyuan", "%2Fchengyuan"))),
        ("a double percent", get(&check.replace("chengyuan", "%2563hengyuan"))),
        ("a broken percent", get(&check.replace("chengyuan", "chengyuan%"))),
        ("a dot", get(&check.replace("/chengyuan", "/./chengyuan"))),
        ("two dots", get(&check.replace("/chengyuan", "/x/../chengyuan"))),
        ("a semicolon", get(&check.replace("chengyuan?", "chengyuan;x=1?"))),
        // The method.
        ("PUT", with("PUT")),
        ("DELETE", with("DELETE")),
        ("PATCH", with("PATCH")),
        ("OPTIONS", with("OPTIONS")),
        ("BREW", with("BREW")),
        // The query.
        ("no query", get(MEMBER)),
        ("an empty query", get(&format!("{MEMBER}?"))),
        ("no echostr", get(&right)),
        ("an empty echostr", get(&format!("{right}&echostr="))),
        ("a broken percent", get(&format!("{check}%"))),
        ("half a percent", get(&format!("{check}%2"))),
        ("a percent that is not UTF-8", get(&format!("{right}&echostr=%FF%FE"))),
        ("an overlong percent", get(&format!("{right}&echostr=%C0%AF"))),
        ("encoded twice", get(&format!("{right}&echostr={}", percent(&echo)))),
        ("echostr twice", get(&format!("{check}&echostr={echo}"))),
        ("nonce twice", get(&format!("{check}&nonce=1372623149"))),
        ("msg_signature twice", get(&format!("{check}&msg%5fsignature=1"))),
        ("an endless nonce", get(&check.replace("nonce=", &format!("nonce={}", "1".repeat(5_000))))),
        ("no signature", get(&check.replace("msg_signature=", "signature="))),
        ("another signature", get(&check.replace("msg_signature=", "msg_signature=0"))),
        ("the signature in capitals", get(&check.replacen(&query[14..54], &query[14..54].to_uppercase(), 1))),
        ("another timestamp", get(&check.replace("timestamp=1", "timestamp=2"))),
        ("another nonce", get(&check.replace("nonce=1", "nonce=2"))),
        ("for another enterprise", text(&other)),
        ("a ciphertext that was changed", post(&right, format!("<xml><Encrypt>{flipped}</Encrypt></xml>").as_bytes())),
        // What is inside, signed rightly.
        ("changed and signed", from(carrying(&flipped))),
        ("half a pad block", from(carrying(&truncated))),
        ("no ciphertext", from(carrying(""))),
        ("no Base64", from(carrying("####"))),
        ("Base64 of a URL", from(carrying(&encrypted.replace(['+', '/', '='], "-")))),
        ("a pad of 0", from(carrying(&sealed(inside(4, "text", 22, 0))))),
        ("a pad of 33", from(carrying(&sealed(inside(4, "text", 22, 33))))),
        ("a pad of 255", from(carrying(&sealed(inside(4, "text", 22, 255))))),
        ("a pad of 16 that is 22 long", from(carrying(&sealed(inside(5, "text", 22, 21))))),
        ("a pad over everything", from(carrying(&sealed(vec![32; 32])))),
        ("a length beyond the end", from(carrying(&sealed(inside(23, "text", 22, 22))))),
        ("the greatest length", from(carrying(&sealed(inside(u32::MAX, "text", 22, 22))))),
        ("a length that eats the corp id", from(carrying(&sealed(inside(5, "text", 22, 22))))),
        ("a length of nothing", from(carrying(&sealed(inside(0, "text", 22, 22))))),
        ("a DOCTYPE within", text(&doctype)),
        // The body.
        ("no body", post(&right, b"")),
        ("no envelope", post(&right, encrypted.as_bytes())),
        ("a form", post(&right, format!("Encrypt={echo}").as_bytes())),
        ("XML that is cut", post(&right, &body[..body.len() - 5])),
        ("a tail", post(&right, &[&body[..], b"<xml/>"].concat())),
        ("Encrypt twice", post(&right, twice.as_bytes())),
        ("an entity bomb", post(&right, bomb.as_bytes())),
        ("an external entity", post(&right, external.as_bytes())),
        ("UTF-16", post(&right, &String::from_utf8(body.clone()).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())),
        ("a hundred thousand elements within another", post(&right, format!("<xml>{}", "<a>".repeat(100_000)).as_bytes())),
        ("JSON within JSON within JSON", post(&right, "{\"encrypt\":".repeat(50_000).as_bytes())),
        ("JSON twice", post(&right, format!("{{\"encrypt\":\"{encrypted}\",\"encrypt\":\"{encrypted}\"}}").as_bytes())),
        ("a byte over 1 MiB", post(&right, &large)),
        ("a byte over 1 MiB to nowhere", post("/", &large)),
        ("100 MB that never come", format!("POST {right} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n").into_bytes()),
        ("100 MB that wait for leave", format!("POST {right} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100000000\r\n\r\n").into_bytes()),
        ("100 MB to nowhere", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n".to_vec()),
    ] {
        assert_eq!(Answer::read(&receiver.send(&request)), refusal(), "{what}");
    }
    let head = Answer::read(&receiver.send(&with("HEAD")));
    assert_eq!(Answer { body: refusal().body, ..head }, refusal(), "HEAD has no body to tell");
    assert_eq!(receiver.bodies("00010001"), Vec::<String>::new());

    let (target, body) = event(MEMBER, "after all that", CORP, 1);
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
    assert_eq!(receiver.bodies("00010001"), ["after all that"]);
}

#[test]
fn bytes_that_are_no_http_close_the_connection() {
    let receiver = Receiver::start();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (what, request) in [
        ("noise", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\r\n\r\n".to_owned()),
        ("no version", "GET /\r\n\r\n".to_owned()),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("a space in the path", "GET /a b HTTP/1.1\r\n\r\n".to_owned()),
        ("a NUL in a header", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n".to_owned()),
        (
            "two lengths",
            format!(
                "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        ),
        (
            "a length below nothing",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
        ),
        ("an endless header", format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000))),
        ("endless headers", format!("GET / HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(20_000))),
        ("an endless path", format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000))),
        ("a chunk of no size", format!("{chunks}zz\r\n")),
        ("a chunk of every size", format!("{chunks}ffffffffffffffffffff\r\n")),
        ("a chunk longer than it says", format!("{chunks}1\r\nabc\r\n")),
        ("an endless chunk extension", format!("{chunks}1;{}", "x".repeat(100_000))),
    ] {
        let answer = Answer::read(&receiver.send(request.as_bytes()));
        assert!(![200, 100, 500, 503].contains(&answer.status), "{what}: {answer:?}");
    }
    assert_eq!(receiver.bodies("00010001"), Vec::<String>::new());
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
}

#[test]
fn a_refusal_ends_the_connection_with_all_that_follows() {
    let receiver = Receiver::start();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    // A second request hidden behind a body that is too large to be read.
    let mut smuggled = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n".to_vec();
    smuggled.extend(posted(&target, body.as_bytes()));
    let answer = receiver.send(&smuggled);
    assert_eq!(Answer::read(&answer), refusal());
    assert_eq!(receiver.bodies("00010001"), Vec::<String>::new());
}

#[test]
fn a_body_of_a_hundred_megabytes_is_refused() {
    let receiver = Receiver::start();
    let (target, body) = event(MEMBER, "text", CORP, 1);
    for target in [target.as_str(), "/"] {
        let mut stream = receiver.connect();
        let head =
            format!("POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 65_536], b"\r\n"].concat();
        let taken = (0..1_600).take_while(|_| stream.write_all(&chunk).is_ok()).count();
        // What fits into the buffers of both sides is sent without being taken.
        assert!(taken < 800, "{taken} chunks of 64 KiB were taken");
    }
    assert_eq!(receiver.post(&target, body.as_bytes()).status, 200);
}

#[test]
fn bodies_in_memory_are_bounded_over_all_connections() {
    // Nobody is cut for being slow meanwhile.
    let limits = Limits { request: TIMEOUT * 2, patience: TIMEOUT * 2, ..Limits::default() };
    let receiver = Receiver::with(&[super::receiver::JOB], limits);
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n");
    // Each but for its last byte. 64 fit.
    let almost = [head.as_bytes(), &[b' '; (1 << 20) - 1]].concat();
    let mut held: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = receiver.connect();
            let _ = stream.write_all(&almost);
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let mut turned_away = 0;
    while turned_away < 10 {
        assert!(begun.elapsed() < TIMEOUT, "{turned_away} of 80 were turned away");
        std::thread::sleep(Duration::from_millis(20));
        held.retain_mut(|stream| {
            let mut answer = [0; 12];
            match stream.read(&mut answer) {
                Ok(0) => panic!("a connection was closed without an answer"),
                Ok(_) => {
                    assert_eq!(&answer, b"HTTP/1.1 503");
                    turned_away += 1;
                    false
                }
                Err(_) => true,
            }
        });
    }
    drop(held);
    // What they held is given back, though not in an instant.
    let taken = std::iter::repeat_with(|| receiver.post(&target, body.as_bytes()).status)
        .inspect(|_| std::thread::sleep(Duration::from_millis(20)))
        .take(1_000)
        .any(|status| status == 200);
    assert!(taken);
}

#[test]
fn slow_senders_are_disconnected() {
    let limits = Limits {
        head: Duration::from_millis(500),
        request: Duration::from_millis(500),
        ..Limits::default()
    };
    let receiver = Receiver::with(&[super::receiver::JOB], limits);
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let request = posted(&target, body.as_bytes());
    for sent in [0, 1, 20, request.len() - body.len() - 1, request.len() - 10, request.len() - 1] {
        let mut stream = receiver.connect();
        stream.write_all(&request[..sent]).unwrap();
        let answer = Answer::read(&to_end(&mut stream));
        assert_ne!(answer.status, 200, "{sent} bytes");
    }
    // A byte now and then is no better.
    let mut stream = receiver.connect();
    let drops = request.iter().take_while(|byte| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(&[**byte]).is_ok()
    });
    assert!(drops.count() < request.len(), "the whole request was taken");
    assert_eq!(receiver.bodies("00010001"), Vec::<String>::new());
}

#[test]
fn connections_above_the_limit_are_served_only_after_one_closes() {
    let limits = Limits {
        head: TIMEOUT,
        connection: TIMEOUT,
        connections: 2,
        patience: TIMEOUT,
        ..Limits::default()
    };
    let receiver = Receiver::with(&[super::receiver::JOB], limits);
    // Connections are accepted in the order in which they were made; half a request keeps each of them open.
    let mut holders = [receiver.connect(), receiver.connect()];
    for holder in &mut holders {
        holder.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    }
    let (target, body) = event(MEMBER, "text", CORP, 1);
    let mut third = receiver.connect();
    third.write_all(&posted(&target, body.as_bytes())).unwrap();
    third.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let early = std::io::Read::read(&mut third, &mut [0]);
    assert!(early.is_err(), "a third connection is served while two are open: {early:?}");
    let [first, _second] = holders;
    drop(first);
    third.set_read_timeout(Some(TIMEOUT)).unwrap();
    assert_eq!(Answer::read(&to_end(&mut third)).status, 200);
}

#[test]
fn a_client_that_does_not_read_is_disconnected() {
    let limits = Limits {
        request: Duration::from_millis(500),
        connection: Duration::from_millis(500),
        ..Limits::default()
    };
    let receiver = Receiver::with(&[super::receiver::JOB], limits);
    let mut stream = receiver.connect();
    let request = b"GET /WW_verify_OTLPha66qJcN7Wpf.txt HTTP/1.1\r\nHost: x\r\n\r\n";
    // Requests until nothing more is taken or the connection ends; no answer is read.
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    let many = request.repeat(1_000);
    while stream.write_all(&many).is_ok() {}
    to_end(&mut stream);
}
