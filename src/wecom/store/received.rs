//! An event as it arrives, and the outcome of storing it.

use chrono::{DateTime, Utc};

use crate::wecom::event::Event;

/// The callback address at which an event arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/customer/work-weixin-integration/wxCallBack/member/...`: contacts.
    Member,
    /// `/customer/customer-manager/wxCallBack/external/user/...`: customers.
    External,
}

impl Endpoint {
    /// The name in the database: `member` or `external`.
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::Member => "member",
            Endpoint::External => "external",
        }
    }
}

/// A callback that was verified and decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Where it arrived.
    pub endpoint: Endpoint,
    /// The corp id of the address.
    pub corp_id: String,
    /// The agent id of the address: a number, `chengyuan` or `kehu`.
    pub agent_id: String,
    /// The receive id within the encrypted text: a corp id, a suite id, or nothing.
    pub receive_id: String,
    /// `timestamp` of the query, in seconds since 1970; `None` if it is not a number.
    pub timestamp: Option<i64>,
    /// `nonce` of the query.
    pub nonce: String,
    /// The decrypted text, as WeCom wrote it.
    pub body: Vec<u8>,
}

impl ReceivedEvent {
    /// What it says, as it counts for the corp to which it came.
    pub fn parse(&self) -> Event {
        Event::parse(&self.body).for_corp(&self.corp_id, &self.receive_id, self.received_at)
    }
}

/// The outcome of storing an event: its row in `callback_event`, durable in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was new.
    New(i64),
    /// The same event had been delivered before; it was counted, not stored again.
    Repeated(i64),
}
