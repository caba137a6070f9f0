//! Load for the receiver of WeCom callbacks, from a process of its own: signed and encrypted events at a fixed rate.
//!
//! ```text
//! cargo build --release --locked --example wecom_load
//! orgsnap serve jobs/ --listen 127.0.0.1:8080 --data data &
//! target/release/examples/wecom_load jobs/x.toml --url http://127.0.0.1:8080 --rate 2000 --seconds 60 \
//!     --verify data/TENANT/wecom.db
//! ```
//!
//! The rate does not wait for the answers: event n is due at n / rate, and its time is taken from then on, so that an
//! answer that keeps the next events waiting counts against each of them. With `--verify` every event that was
//! acknowledged is looked for in the database. Ends with 1 if one is missing, or if nothing was acknowledged.

#![expect(clippy::print_stdout, reason = "its report is its purpose")]
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads clock and environment itself"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::Utc;
use clap::Parser;
use orgsnap::config::job::{self, AgentId};
use orgsnap::wecom::account::account;
use orgsnap::wecom::address;
use orgsnap::wecom::crypto::Credentials;
use rusqlite::{Connection, OpenFlags};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Load for the receiver of WeCom callbacks
#[derive(Debug, Parser)]
struct Arguments {
    /// The job file, with the token and the key
    job: PathBuf,
    /// Where orgsnap serve listens
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The application: a number, chengyuan or kehu
    #[arg(long, default_value = "chengyuan")]
    agent: String,
    /// Events a second
    #[arg(long, default_value_t = 2_000)]
    rate: u64,
    /// For so long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Connections that are kept alive
    #[arg(long, default_value_t = 64)]
    connections: u64,
    /// Look for every acknowledged event in this wecom.db afterwards
    #[arg(long, value_name = "DB")]
    verify: Option<PathBuf>,
}

/// What every connection knows.
struct Plan {
    server: String,
    path: String,
    corp_id: String,
    credentials: Credentials,
    /// Makes the events of this run its own.
    run: String,
    begin: Instant,
    rate: u64,
    events: u64,
    connections: u64,
}

/// What a connection has seen.
#[derive(Default)]
struct Seen {
    /// Microseconds from when it was due to the answer, of each acknowledged event.
    took: Vec<u64>,
    acknowledged: Vec<u64>,
    errors: BTreeMap<String, u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let job = job::load(&arguments.job, &|name| std::env::var(name).ok())?;
    let agent = AgentId::parse(&arguments.agent).context("no such kind of agent id")?;
    let app = job.wecom.apps.iter().find(|app| app.agent_id == agent);
    let secrets =
        app.and_then(|app| app.callback.as_ref()).context("the job has no token for that agent")?;
    let corp_id = job.wecom.corp_id.clone().context("the job has no corp_id")?;
    let Some(server) = arguments.url.strip_prefix("http://") else {
        bail!("--url must begin with http://")
    };
    let now = Utc::now();
    let plan = Arc::new(Plan {
        server: server.trim_end_matches('/').to_owned(),
        path: address::path(&corp_id, &job.tenant, agent),
        credentials: account(&corp_id, secrets)?.credentials,
        corp_id,
        run: format!("load{}", now.timestamp_micros()),
        begin: Instant::now() + Duration::from_millis(200),
        rate: arguments.rate.max(1),
        events: arguments.rate * arguments.seconds,
        connections: arguments.connections.clamp(1, 4_096),
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (seen, took) = runtime.block_on(send_all(&plan))?;
    report(&plan, &seen, took);
    let mut whole = !seen.acknowledged.is_empty();
    if let Some(database) = &arguments.verify {
        whole &= verify(database, &plan.run, &seen.acknowledged)?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn send_all(plan: &Arc<Plan>) -> anyhow::Result<(Seen, Duration)> {
    let tasks: Vec<_> = (0..plan.connections)
        .map(|first| tokio::spawn(connection(Arc::clone(plan), first)))
        .collect();
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await?;
        all.took.extend(seen.took);
        all.acknowledged.extend(seen.acknowledged);
        for (error, times) in seen.errors {
            *all.errors.entry(error).or_default() += times;
        }
    }
    Ok((all, plan.begin.elapsed()))
}

/// Sends every event that is this connection's, each when it is due or as soon as the one before is answered.
async fn connection(plan: Arc<Plan>, first: u64) -> Seen {
    let mut seen = Seen::default();
    let mut stream: Option<TcpStream> = None;
    let mut buffer = vec![0; 4_096];
    for n in (first..plan.events).step_by(plan.connections as usize) {
        let due = plan.begin + Duration::from_micros(n * 1_000_000 / plan.rate);
        sleep_until(due).await;
        let request = request(&plan, n);
        let answer = async {
            let open = match &mut stream {
                Some(open) => open,
                None => {
                    let open =
                        TcpStream::connect(&plan.server).await.map_err(|e| e.kind().to_string())?;
                    open.set_nodelay(true).map_err(|e| e.kind().to_string())?;
                    stream.insert(open)
                }
            };
            exchange(open, &request, &mut buffer).await.map_err(|e| e.kind().to_string())
        };
        match timeout(Duration::from_secs(5), answer).await {
            Ok(Ok(200)) => {
                seen.took.push(due.elapsed().as_micros() as u64);
                seen.acknowledged.push(n);
                continue;
            }
            Ok(Ok(status)) => *seen.errors.entry(format!("status {status}")).or_default() += 1,
            Ok(Err(error)) => *seen.errors.entry(error).or_default() += 1,
            Err(_) => *seen.errors.entry("no answer in 5 s".to_owned()).or_default() += 1,
        }
        stream = None;
        sleep(Duration::from_millis(20)).await;
    }
    seen
}

/// The events of a working day in small: members come and change, get tags, meet customers.
fn text(plan: &Plan, n: u64) -> String {
    let (run, time, person) = (&plan.run, Utc::now().timestamp(), n / 4);
    let (event, fields) = match n % 4 {
        0 => (
            "change_contact",
            format!(
                "<ChangeType>create_user</ChangeType><UserID>{run}-{person}</UserID><Name><![CDATA[压测员工]]></Name>\
                 <Department>1,{}</Department><IsLeaderInDept>0,0</IsLeaderInDept><Status>1</Status>",
                person % 500 + 2
            ),
        ),
        1 => (
            "change_contact",
            format!(
                "<ChangeType>update_user</ChangeType><UserID>{run}-{person}</UserID>\
                 <Position><![CDATA[业务经理]]></Position>"
            ),
        ),
        2 => (
            "change_external_contact",
            format!(
                "<ChangeType>add_external_contact</ChangeType><UserID>{run}-{person}</UserID>\
                 <ExternalUserID>wm{run}{n}</ExternalUserID><State>load</State>"
            ),
        ),
        _ => (
            "change_contact",
            format!(
                "<ChangeType>update_tag</ChangeType><TagId>{}</TagId><AddUserItems>{run}-{person}</AddUserItems>",
                person % 20
            ),
        ),
    };
    format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{time}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>\
         {fields}</xml>",
        plan.corp_id
    )
}

/// A whole request. The nonce tells the run and the event, and is stored with it.
fn request(plan: &Plan, n: u64) -> Vec<u8> {
    let mut noise = [0; 16];
    noise[..8].copy_from_slice(&n.to_be_bytes());
    let encrypted = plan.credentials.encrypt(noise, text(plan, n).as_bytes(), &plan.corp_id);
    let timestamp = Utc::now().timestamp().to_string();
    let nonce = format!("{}x{n}", plan.run);
    let signature = plan.credentials.signature(&timestamp, &nonce, &encrypted);
    let body = format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID></AgentID>\
         <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
        plan.corp_id
    );
    format!(
        "POST {}?msg_signature={signature}&timestamp={timestamp}&nonce={nonce} HTTP/1.1\r\nHost: {}\r\n\
         Content-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
        plan.path,
        plan.server,
        body.len()
    )
    .into_bytes()
}

/// Sends a request and reads the whole answer; returns its status.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut [u8],
) -> std::io::Result<u16> {
    let odd = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    stream.write_all(request).await?;
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).ok_or_else(odd)?).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        let Some(head) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&buffer[..head]).map_err(|_| odd())?.to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize =
            length.map_or(Ok(0), |digits| digits.trim().parse()).map_err(|_| odd())?;
        if filled >= head + 4 + length {
            return text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(odd);
        }
    }
}

fn report(plan: &Plan, seen: &Seen, took: Duration) {
    let mut sorted = seen.took.clone();
    sorted.sort_unstable();
    let share = |per_mille: usize| {
        let at = (sorted.len() * per_mille / 1_000).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default() as f64 / 1_000.0
    };
    println!(
        "sent {} events in {:.1} s, wanted {} a second",
        plan.events,
        took.as_secs_f64(),
        plan.rate
    );
    println!(
        "acknowledged {} ({:.0} a second)",
        seen.acknowledged.len(),
        seen.acknowledged.len() as f64 / took.as_secs_f64()
    );
    println!(
        "milliseconds: p50 {:.1}, p90 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}",
        share(500),
        share(900),
        share(990),
        share(999),
        share(1_000)
    );
    for (error, times) in &seen.errors {
        println!("{times} x {error}");
    }
}

/// Whether every acknowledged event is in the database.
fn verify(database: &Path, run: &str, acknowledged: &[u64]) -> anyhow::Result<bool> {
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("--verify: cannot open {}", database.display()))?;
    let prefix = format!("{run}x");
    let mut statement = conn.prepare(
        "select cast(substr(nonce, length(?1) + 1) as integer) from callback_event \
         where substr(nonce, 1, length(?1)) = ?1 order by 1",
    )?;
    let stored: Vec<u64> = statement
        .query_map([&prefix], |row| row.get::<_, i64>(0))?
        .map(|n| n.map(|n| n as u64))
        .collect::<Result<_, _>>()?;
    let missing = acknowledged.iter().filter(|n| stored.binary_search(n).is_err()).count();
    println!("in the database {}, acknowledged and missing {missing}", stored.len());
    Ok(missing == 0)
}
