//! A fetch of one large file beside `curl`'s of the same file, from servers on this machine.
//!
//!     cargo bench --bench fetch
//!     ORGSNAP_BENCH_BYTES=200000000 ORGSNAP_BENCH_ROUNDS=3 cargo bench --bench fetch
//!
//! Every round runs, one after the other, for FTP, FTP over TLS and SFTP: `curl` into a file, and the fetch, which
//! besides makes sure that the file is whole, reckons its SHA-256 and has it on disk for good before it ends. For
//! comparison the same is done to what `curl` brought. Each runs in a process of its own, whose highest resident size
//! is shown. Needs `vsftpd`, `openssl`, `sshd` and `curl`; what is not there is left out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark is set up by its environment, shares servers with the tests, and prints"
)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use orgsnap::config::job;
use orgsnap::config::schema::Schema;
use orgsnap::fetch::{self, NoProgress, Request};
use orgsnap::model::Cancel;
use orgsnap::sample::{self, Options};

#[path = "../tests/fetch/certificate.rs"]
#[expect(dead_code, reason = "the tests ask for more")]
mod certificate;
#[path = "../tests/peers.rs"]
#[expect(dead_code, reason = "the tests ask for more")]
mod peers;
#[path = "../tests/fetch/security.rs"]
#[expect(dead_code, reason = "the tests ask for more")]
mod security;
#[cfg(feature = "sftp")]
#[path = "../tests/fetch/sshd.rs"]
#[expect(dead_code, reason = "the tests ask for more")]
mod sshd;
#[path = "../tests/fetch/vsftpd.rs"]
#[expect(dead_code, reason = "the tests ask for more")]
mod vsftpd;

/// The file that is fetched; the other three are next to nothing.
const FILE: &str = "temp_agent.txt";

/// A server with the file.
struct Peer {
    name: &'static str,
    /// `[source]` of a job.
    source: String,
    /// What `curl` is told.
    curl: Vec<String>,
    /// Ends with this value.
    _server: Box<dyn std::any::Any>,
}

/// One measured run.
#[derive(Clone, Copy)]
struct Measured {
    wall: Duration,
    /// Highest resident size in MB; 0 where the system does not tell.
    peak: u64,
}

fn main() {
    let mut args = std::env::args().skip(1);
    // The fetch itself, in a process of its own.
    if args.next().as_deref() == Some("fetch") {
        let (job, workdir) = (args.next().unwrap(), args.next().unwrap());
        fetch_by(Path::new(&job), Path::new(&workdir));
        return;
    }
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let bytes = number("ORGSNAP_BENCH_BYTES", 1_000_000_000);
    let rounds = number("ORGSNAP_BENCH_ROUNDS", 3);
    let folder =
        std::env::var_os("ORGSNAP_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("orgsnap-bench-fetch-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    bench(&folder, bytes, rounds);
    fs::remove_dir_all(&folder).unwrap();
}

fn fetch_by(job: &Path, workdir: &Path) {
    let job = job::load(job, &|_| None).expect("the job is well-formed");
    let schema = Schema::builtin().unwrap();
    let request = Request {
        source: job.source.as_ref().unwrap(),
        schema: &schema,
        date: date(),
        max_file_size: 1 << 40,
        workdir,
        cancel: &Cancel::new(),
        caller_polls: false,
        earlier: &[],
    };
    let delivery = fetch::fetch(&request, &NoProgress).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(delivery.downloads.len(), 4);
}

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 12, 2).unwrap()
}

fn bench(folder: &Path, bytes: u64, rounds: u64) {
    let content = folder.join(FILE);
    make_file(&content, bytes);
    let peers = peers(&content);
    let mut table: Vec<(String, Vec<Measured>)> = Vec::new();
    for round in 1..=rounds {
        let mut rows = Vec::new();
        for peer in &peers {
            let brought = folder.join("curl");
            let curl = run(Command::new("curl").args(&peer.curl).arg("-o").arg(&brought));
            let began = Instant::now();
            run(Command::new("sha256sum").arg(&brought));
            File::open(&brought).and_then(|file| file.sync_all()).unwrap();
            let vouched = Measured { wall: curl.wall + began.elapsed(), peak: curl.peak };
            assert_eq!(fs::metadata(&brought).unwrap().len(), bytes);
            fs::remove_file(&brought).unwrap();

            let job = folder.join("job.toml");
            fs::write(&job, format!("tenant = 't'\n[source]\nready = 'now'\n{}\n", peer.source))
                .unwrap();
            let workdir = folder.join("incoming");
            let ours = run(Command::new(std::env::current_exe().unwrap())
                .arg("fetch")
                .arg(&job)
                .arg(&workdir));
            assert_eq!(fs::metadata(workdir.join(FILE)).unwrap().len(), bytes);
            fs::remove_dir_all(&workdir).unwrap();
            rows.push((format!("{}: curl", peer.name), curl));
            rows.push((format!("{}: curl, then SHA-256 and fsync", peer.name), vouched));
            rows.push((format!("{}: orgsnap", peer.name), ours));
        }
        for (at, (name, measured)) in rows.into_iter().enumerate() {
            match table.get_mut(at) {
                Some((_, runs)) => runs.push(measured),
                None => table.push((name, vec![measured])),
            }
        }
        eprintln!("round {round} of {rounds} done");
    }
    show(bytes, rounds, &table);
}

/// Lines of a company, over and over, as long as is asked for.
fn make_file(path: &Path, bytes: u64) {
    let dir = tempfile::tempdir().unwrap();
    sample::write(&Options { agents: 50_000, ..Options::new(date()) }, dir.path()).unwrap();
    let lines = fs::read(dir.path().join(FILE)).unwrap();
    let mut file = File::create(path).unwrap();
    let mut left = bytes;
    while left > 0 {
        let piece = &lines[..lines.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        file.write_all(piece).unwrap();
        left -= piece.len() as u64;
    }
    file.sync_all().unwrap();
}

/// Puts the file, and three small ones beside it, before a server.
fn deliver(content: &Path, root: &Path) {
    fs::hard_link(content, root.join(FILE))
        .or_else(|_| fs::copy(content, root.join(FILE)).map(drop))
        .unwrap();
    for name in ["temp_base_node.txt", "temp_organization.txt", "temp_principal.txt"] {
        fs::write(root.join(name), "x\n").unwrap();
    }
}

fn peers(content: &Path) -> Vec<Peer> {
    let mut peers = Vec::new();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if vsftpd::available("FTP and FTP over TLS") {
        let server = vsftpd::Vsftpd::plain();
        deliver(content, &server.root);
        let account = |kind: &str, port: u16| {
            format!(
                "kind = '{kind}'\nhost = '127.0.0.1'\nport = {port}\nusername = 'anonymous'\n\
                 password = 'right'\n"
            )
        };
        let url = |port: u16| format!("ftp://anonymous:right@127.0.0.1:{port}/{FILE}");
        peers.push(Peer {
            name: "FTP",
            source: account("ftp", server.port),
            curl: words(&["-sS", &url(server.port)]),
            _server: Box::new(server),
        });
        let server = vsftpd::Vsftpd::with_tls();
        deliver(content, &server.root);
        let pin = server.certificate.as_ref().unwrap().fingerprint.clone();
        peers.push(Peer {
            name: "FTP over TLS",
            source: account("ftps", server.port) + &format!("tls = {{ pin_sha256 = '{pin}' }}\n"),
            curl: words(&["-sS", "--ssl-reqd", "-k", &url(server.port)]),
            _server: Box::new(server),
        });
    }
    #[cfg(feature = "sftp")]
    if sshd::available("SFTP") {
        let server = sshd::Sshd::start();
        deliver(content, &server.root);
        let (user, port, key) = (sshd::user(), server.port, server.key.display().to_string());
        let url = format!("sftp://{user}@127.0.0.1:{port}{}/{FILE}", server.root.display());
        peers.push(Peer {
            name: "SFTP",
            source: format!(
                "kind = 'sftp'\nhost = '127.0.0.1'\nport = {port}\nusername = '{user}'\n\
                 key = {{ file = '{key}' }}\nhost_key = '{}'\n",
                server.ed25519
            ),
            curl: words(&["-sS", "-k", "--key", &key, "--pubkey", &format!("{key}.pub"), &url]),
            _server: Box::new(server),
        });
    }
    peers
}

/// Runs a command to its end with the disk quiet before it.
fn run(command: &mut Command) -> Measured {
    // What an earlier run left to be written must not be paid by this one.
    let _ = Command::new("sync").status();
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let wall = began.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    Measured { wall, peak }
}

/// High-water mark of a process in MB, as Linux tells it.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = mark.and_then(|m| m.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}

fn show(bytes: u64, rounds: u64, table: &[(String, Vec<Measured>)]) {
    println!("{bytes} bytes, {rounds} rounds, one after the other in each\n");
    println!("| run | median s | min-max | MB/s | peak MB |\n| --- | ---: | ---: | ---: | ---: |");
    for (name, runs) in table {
        let mut walls: Vec<f64> = runs.iter().map(|run| run.wall.as_secs_f64()).collect();
        walls.sort_by(f64::total_cmp);
        let (middle, least) = (walls[walls.len() / 2], walls[0]);
        let most = walls[walls.len() - 1];
        let peak = runs.iter().map(|run| run.peak).max().unwrap_or(0);
        let speed = bytes as f64 / 1e6 / middle;
        println!("| {name} | {middle:.2} | {least:.2}-{most:.2} | {speed:.0} | {peak} |");
    }
    _ = io::stdout().flush();
}
