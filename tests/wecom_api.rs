//! The client of WeCom's API against a server that answers as documented, and as servers in trouble do.

mod calls;
mod configured;
mod faults;
mod secrecy;
pub(crate) mod server;
mod token;

use std::time::Duration;

use orgsnap::config::job::{ApiAddresses, Secret};
use orgsnap::tls::Trust;
use orgsnap::wecom::api::{Client, Limits};
use server::ApiServer;

/// Three attempts with short waits, and time enough for a machine that does much else.
const PATIENT: Limits = Limits {
    total: Duration::from_secs(100),
    request: Duration::from_secs(50),
    attempts: 3,
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(4),
};

fn client_at(addresses: &ApiAddresses) -> Client {
    Client::new(addresses, Trust::PublicRoots, server::CORP_ID).unwrap().with_limits(PATIENT)
}

fn client(server: &ApiServer) -> Client {
    client_at(&server.addresses())
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
