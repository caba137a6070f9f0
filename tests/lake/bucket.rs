//! The lake in a bucket: a small server that speaks as much of S3 as orgsnap asks for, and fails when told to.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use orgsnap::config::job::Secret;
use orgsnap::lake::{BucketAccess, Lake, Tenant, export, verify};

use super::{WithLake, files, naive, now};
use crate::life::random_days;

/// What the server does with the requests that come next.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It answers that it is overloaded.
    Overloaded,
    /// It does what is asked and breaks the connection before it answers.
    AnswerLost,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    /// Faults by the number of the request.
    faults: BTreeMap<usize, Fault>,
    requests: usize,
}

/// A bucket of the name `orgsnap`.
struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || while answer(stream.as_ref().unwrap(), &shared).is_some() {});
            }
        });
        Server { address, state }
    }

    fn lake(&self, scratch: &Path) -> Lake {
        let access = BucketAccess {
            name: "orgsnap".to_owned(),
            prefix: "a/lake".to_owned(),
            endpoint: Some(format!("http://{}", self.address)),
            region: "cn-north-1".to_owned(),
            virtual_hosted: false,
            access_key: Secret::new("AK".to_owned()),
            secret_key: Secret::new("SK-secret".to_owned()),
        };
        Lake::in_bucket(&access, scratch).unwrap()
    }

    /// Copies the objects to a folder, for the naive reading.
    fn copy(&self, root: &Path) {
        let _ = std::fs::remove_dir_all(root);
        for (name, content) in &self.state.lock().unwrap().objects {
            let path = root.join(name.strip_prefix("a/lake/").unwrap());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
    }
}

/// Reads a request and answers it; none if the connection is over.
fn answer(mut stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap();
    assert!(query.contains("X-Amz-Credential=AK") && query.contains("X-Amz-Signature="), "{query}");
    assert!(!head.contains("SK-secret"));
    let name = url::Url::parse(&format!("http://x{path}")).unwrap();
    let name = percent_decoded(name.path().strip_prefix("/orgsnap").unwrap());
    let name = name.trim_start_matches('/');

    let mut state = state.lock().unwrap();
    state.requests += 1;
    let number = state.requests;
    let fault = state.faults.remove(&number);
    let (status, content) = match method {
        _ if fault == Some(Fault::Overloaded) => ("503 Slow Down", Vec::new()),
        "PUT"
            if header("if-none-match").as_deref() == Some("*")
                && state.objects.contains_key(name) =>
        {
            ("412 Precondition Failed", Vec::new())
        }
        "PUT" => {
            if header("if-none-match").is_some() {
                assert!(query.contains("if-none-match"), "the condition is signed: {query}");
            }
            state.objects.insert(name.to_owned(), body);
            ("200 OK", Vec::new())
        }
        "GET" if name.is_empty() => ("200 OK", listed(&state.objects, query).into_bytes()),
        "GET" => match state.objects.get(name) {
            Some(content) => ("200 OK", content.clone()),
            None => ("404 Not Found", Vec::new()),
        },
        "DELETE" => {
            state.objects.remove(name);
            ("204 No Content", Vec::new())
        }
        other => panic!("{other}"),
    };
    drop(state);
    if fault == Some(Fault::AnswerLost) {
        let _ = stream.shutdown(Shutdown::Both);
        return None;
    }
    let length = content.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&content).ok()
}

/// A page of a list: three objects, and a token for what follows.
fn listed(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> String {
    let parameters: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let prefix = &parameters["prefix"];
    let after = parameters.get("continuation-token").cloned().unwrap_or_default();
    let mut found = objects.keys().filter(|name| name.starts_with(prefix) && **name > after);
    let page: Vec<&String> = found.by_ref().take(3).collect();
    let token = found.next().and(page.last());
    let contents: String = page
        .iter()
        .map(|name| {
            format!(
                "<Contents><ETag>\"x\"</ETag><Key>{name}</Key>\
                 <LastModified>2025-01-30T23:59:00.000Z</LastModified><Size>1</Size></Contents>"
            )
        })
        .collect();
    let next = token.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <IsTruncated>{}</IsTruncated>{contents}{}</ListBucketResult>",
        next.is_some(),
        next.unwrap_or_default()
    )
}

fn percent_decoded(text: &str) -> String {
    // A query without a `+` or `&` is decoded as a path is.
    let decoded = url::form_urlencoded::parse(text.as_bytes()).next();
    decoded
        .map(
            |(name, value)| {
                if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }
            },
        )
        .unwrap_or_default()
}

#[test]
fn a_lake_in_a_bucket_is_what_the_database_holds_also_when_answers_are_lost() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let days = random_days(9, folder.path(), 3);
    let scratch = folder.path().join("scratch");
    let mut insurer = WithLake::new();
    for (at, (date, day)) in days.iter().enumerate() {
        insurer.insurer.import(day, date);
        let database = insurer.database();
        let tenant = Tenant { id: "t", database: &database, schema: &insurer.schema };
        // Faults here and there, never more in a row than an export tries again.
        let mut state = server.state.lock().unwrap();
        let first = state.requests;
        let some = [(3, Fault::Overloaded), (4, Fault::AnswerLost), (9, Fault::Overloaded)];
        state.faults = some.map(|(number, fault)| (first + at * number, fault)).into();
        drop(state);
        let lake = server.lake(&scratch);
        assert_eq!(export(&lake, tenant, now()).unwrap().dates.len(), 1, "{date}");
        assert_eq!(export(&lake, tenant, now()).unwrap().dates, [], "{date}");
        assert_eq!(verify(&lake, tenant).unwrap().differences, [], "{date}");
        drop(lake);
        assert!(files(&scratch).is_empty(), "no copies are left");
    }
    server.copy(&insurer.root());
    insurer.assert_equal("the objects of the bucket as files");
    assert!(files(&insurer.root().join("v1/unfinished")).is_empty());
    let publication = naive::publications(&insurer.root(), "t").into_values().next_back().unwrap();
    assert_eq!(publication["form"], "delta");
    assert!(server.state.lock().unwrap().requests > 100);
}

#[test]
fn a_publication_in_a_bucket_is_created_once_however_often_its_answer_is_lost() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let days = random_days(2, folder.path(), 1);
    let mut insurer = WithLake::new();
    insurer.insurer.import(&days[0].1, &days[0].0);
    let database = insurer.database();
    let tenant = Tenant { id: "t", database: &database, schema: &insurer.schema };
    let lake = server.lake(&folder.path().join("scratch"));
    // Each request of the export is the one whose answer is lost.
    export(&lake, tenant, now()).unwrap();
    let requests = server.state.lock().unwrap().requests;
    for lost in 1..=requests {
        let mut state = server.state.lock().unwrap();
        state.objects.clear();
        let number = state.requests + lost;
        state.faults = BTreeMap::from([(number, Fault::AnswerLost)]);
        drop(state);
        let outcome = export(&lake, tenant, now()).unwrap();
        assert!(server.state.lock().unwrap().faults.is_empty(), "request {lost} was made");
        assert_eq!(outcome.dates.len(), 1, "request {lost}");
        assert_eq!(outcome.dates[0].revision, 1, "request {lost}");
        assert_eq!(verify(&lake, tenant).unwrap().differences, [], "request {lost}");
    }
}
