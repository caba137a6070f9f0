//! Servers that keep whoever asks waiting, and ports with another service.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use super::absent::{doctor, document};

/// A port at which every connection is taken by `serve`, as long as the tests run.
fn port(serve: fn(TcpStream, &mut Vec<TcpStream>)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in listener.incoming().flatten() {
            serve(connection, &mut kept);
        }
    });
    port
}

fn job(folder: &std::path::Path, port: u16) {
    let text = format!(
        "tenant = \"t\"\n[source]\nkind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {port}\nusername = \"u\"\npassword = \"p\"\ntimeout = \"4s\"\n"
    );
    fs::write(folder.join("x.toml"), text).unwrap();
}

#[test]
fn what_takes_long_is_told_on_standard_error_unless_json_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    job(folder.path(), port(|connection, kept| kept.push(connection)));
    let output = doctor(folder.path(), &["--lang", "en", "x.toml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("looking at 五 and 附 (the file server ftp://"), "{told}");
    let output = doctor(folder.path(), &["--json", "x.toml"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    document(&output);
}

#[test]
fn a_port_with_another_service_is_told_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let http = |mut connection: TcpStream, _: &mut Vec<TcpStream>| {
        // Whoever hangs up is not answered.
        _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    };
    job(folder.path(), port(http));
    let document = document(&doctor(folder.path(), &["--json", "x.toml"]));
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    let failed: Vec<_> = steps.iter().filter(|step| step["state"] == "failed").collect();
    // The job file holds a password and is open to all.
    let [_, port] = failed[..] else { panic!("{failed:#?}") };
    assert_eq!(port["id"], "source-port");
    let seen = port["seen"]["en"].as_str().unwrap();
    assert!(seen.contains("but not FTP") && !seen.contains("cannot reach"), "{port:#}");
}
