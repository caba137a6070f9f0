//! The connections that wait for their client, and which of them is cut off to make room.
//!
//! A connection waits from its opening, or from the answer before, until a whole request has arrived and the answers
//! before it are taken. What is being answered never waits, whoever sent it: behind a proxy all requests come from one address, whole and at once, so that
//! what bounds an address does not bound the proxy. A client that waits is let be for some patience. After it, an address
//! keeps only so many of its waiting connections, and where the server is full, the one that waited longest is cut off,
//! of the address that has most of them. None waits longer than it takes to send a request.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// All waiting connections.
#[derive(Debug)]
pub(super) struct Waiting {
    patience: Duration,
    per_address: usize,
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By address, in the order in which they began to wait; the number tells apart what began at once.
    by_address: BTreeMap<IpAddr, Clients>,
    clients: u64,
}

type Clients = BTreeMap<(Instant, u64), Arc<Notify>>;

/// When the one that waits longest began to wait.
fn oldest(clients: &Clients) -> Option<Instant> {
    clients.keys().next().map(|(since, _)| *since)
}

impl State {
    /// The address with most waiting connections, if the server is `full`; of equal ones, that of the longest waiting.
    fn largest(&self, full: bool) -> Option<IpAddr> {
        let waiting = self.by_address.iter().filter(|(_, clients)| full && !clients.is_empty());
        waiting
            .min_by_key(|(_, clients)| (Reverse(clients.len()), oldest(clients)))
            .map(|(address, _)| *address)
    }
}

/// The client of one connection.
#[derive(Debug)]
pub(super) struct Client {
    waiting: Arc<Waiting>,
    address: IpAddr,
    number: u64,
    since: Mutex<Option<Instant>>,
    cut: Arc<Notify>,
}

impl Waiting {
    /// Nobody yet. Of an address, `per_address` may wait longer than `patience`; nobody may for longer than `longest`.
    pub(super) fn new(patience: Duration, per_address: usize, longest: Duration) -> Arc<Waiting> {
        Arc::new(Waiting { patience, per_address, longest, state: Mutex::default() })
    }

    /// The client of a connection that was opened now.
    pub(super) fn client(self: &Arc<Waiting>, address: IpAddr, now: Instant) -> Arc<Client> {
        let number = {
            let mut state = self.state();
            state.clients += 1;
            state.clients
        };
        let client = Client {
            waiting: Arc::clone(self),
            address: bounded(address),
            number,
            since: Mutex::new(None),
            cut: Arc::default(),
        };
        client.waits(now);
        Arc::new(client)
    }

    /// When there will be something to cut off; `full` if another connection waits for room.
    pub(super) fn due(&self, full: bool) -> Option<Instant> {
        let state = self.state();
        let over = state.by_address.values().filter(|clients| clients.len() > self.per_address);
        let largest = state.largest(full).map(|address| &state.by_address[&address]);
        let crowded =
            over.chain(largest).filter_map(oldest).min().map(|since| since + self.patience);
        let late = state.by_address.values().filter_map(oldest).min();
        crowded.into_iter().chain(late.map(|since| since + self.longest)).min()
    }

    /// Cuts off what waited too long and what an address has too many of, or else one if the server is `full`; tells
    /// whether it cut off any.
    pub(super) fn make_room(&self, full: bool, now: Instant) -> bool {
        let waited =
            |clients: &Clients, time| oldest(clients).is_some_and(|since| since + time <= now);
        let is_due = |clients: &Clients| waited(clients, self.patience);
        let is_over = |clients: &Clients| clients.len() > self.per_address && is_due(clients);
        let mut state = self.state();
        let mut any = false;
        for clients in state.by_address.values_mut() {
            while waited(clients, self.longest) || is_over(clients) {
                clients.pop_first().inspect(|(_, cut)| cut.notify_one());
                any = true;
            }
        }
        if any {
            return true;
        }
        let largest = state.largest(full).filter(|address| is_due(&state.by_address[address]));
        let Some(clients) = largest.and_then(|address| state.by_address.get_mut(&address)) else {
            return false;
        };
        clients.pop_first().inspect(|(_, cut)| cut.notify_one());
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// It waits from now on, if it does not wait already.
    pub(super) fn waits(&self, now: Instant) {
        let mut since = self.since();
        if since.is_none() {
            *since = Some(now);
            let mut state = self.waiting.state();
            let clients = state.by_address.entry(self.address).or_default();
            clients.insert((now, self.number), Arc::clone(&self.cut));
        }
    }

    /// Its request has arrived whole.
    pub(super) fn is_answered(&self) {
        let Some(since) = self.since().take() else { return };
        let mut state = self.waiting.state();
        if let Some(clients) = state.by_address.get_mut(&self.address) {
            clients.remove(&(since, self.number));
            if clients.is_empty() {
                state.by_address.remove(&self.address);
            }
        }
    }

    /// Resolves when it is to be cut off.
    pub(super) async fn is_cut_off(&self) {
        self.cut.notified().await;
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.is_answered();
    }
}

/// The address as it is bounded: one customer of an IPv6 provider has a whole /64.
fn bounded(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << 64;
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(30);

    /// Which of the clients are cut off.
    fn cut(clients: &[Arc<Client>]) -> Vec<usize> {
        let now = |client: &Client| {
            let mut cut = std::pin::pin!(client.is_cut_off());
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            cut.as_mut().poll(&mut context).is_ready()
        };
        let cut = clients.iter().enumerate().filter(|(_, client)| now(client));
        cut.map(|(at, _)| at).collect()
    }

    fn clients(waiting: &Arc<Waiting>, addresses: &[&str], begun: Instant) -> Vec<Arc<Client>> {
        let client = |(at, address): (usize, &&str)| {
            let now = begun + Duration::from_millis(at as u64);
            waiting.client(address.parse().unwrap(), now)
        };
        addresses.iter().enumerate().map(client).collect()
    }

    #[test]
    fn an_address_keeps_only_so_many_waiting_connections_after_the_patience() {
        let begun = Instant::now();
        let waiting = Waiting::new(PATIENCE, 2, LONGEST);
        let clients = clients(&waiting, &["1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.1"], begun);
        assert_eq!(waiting.due(false), Some(begun + PATIENCE));
        waiting.make_room(false, begun + PATIENCE / 2);
        assert_eq!(cut(&clients), Vec::<usize>::new());
        waiting.make_room(false, begun + PATIENCE * 2);
        assert_eq!(cut(&clients), [0, 1]);
        assert_eq!(waiting.due(false), Some(begun + Duration::from_millis(2) + LONGEST));
    }

    #[test]
    fn what_is_being_answered_is_never_cut_off() {
        let begun = Instant::now();
        let waiting = Waiting::new(PATIENCE, 0, LONGEST);
        let clients = clients(&waiting, &["1.1.1.1", "1.1.1.1", "1.1.1.1"], begun);
        clients[0].is_answered();
        clients[1].is_answered();
        // Its next request is awaited from then on.
        clients[1].waits(begun + PATIENCE);
        waiting.make_room(true, begun + PATIENCE * 3 / 2);
        assert_eq!(cut(&clients), [2]);
        clients[1].is_answered();
        assert_eq!(waiting.due(true), None);
        assert!(!waiting.make_room(true, begun + PATIENCE * 9));
        assert_eq!(cut(&clients), Vec::<usize>::new());
    }

    #[test]
    fn a_full_server_cuts_off_the_address_with_most_waiting_connections_first() {
        let begun = Instant::now();
        let waiting = Waiting::new(PATIENCE, 9, LONGEST);
        let clients = clients(&waiting, &["1.1.1.1", "2.2.2.2", "::ffff:2.2.2.2"], begun);
        assert!(!waiting.make_room(true, begun));
        // The first that waited is not the first to go: the other address has more.
        assert_eq!(waiting.due(true), Some(begun + PATIENCE + Duration::from_millis(1)));
        assert!(!waiting.make_room(true, begun + PATIENCE));
        for expected in [1, 0, 2] {
            assert!(waiting.make_room(true, begun + PATIENCE * 2));
            assert_eq!(cut(&clients), [expected]);
        }
        assert!(!waiting.make_room(true, begun + PATIENCE * 2));
    }

    #[test]
    fn no_connection_waits_longer_than_a_request_takes_to_arrive() {
        let begun = Instant::now();
        let waiting = Waiting::new(PATIENCE, 9, LONGEST);
        let clients = clients(&waiting, &["1.1.1.1", "2.2.2.2", "2.2.2.2"], begun);
        clients[1].is_answered();
        clients[1].waits(begun + PATIENCE);
        assert_eq!(waiting.due(false), Some(begun + LONGEST));
        assert!(!waiting.make_room(false, begun + LONGEST / 2));
        assert!(waiting.make_room(false, begun + LONGEST + PATIENCE / 2));
        assert_eq!(cut(&clients), [0, 2]);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let begun = Instant::now();
        let waiting = Waiting::new(PATIENCE, 1, LONGEST);
        let addresses = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"];
        let clients = clients(&waiting, &addresses, begun);
        waiting.make_room(false, begun + PATIENCE * 2);
        assert_eq!(cut(&clients), [0]);
    }
}
