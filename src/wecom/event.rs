//! What a decrypted text says: the event, what it concerns, and what cannot be read of it.
//!
//! Names and values are those of the official documents 90970 to 90973 (contacts), 92130 and 92277 (customers), which
//! keep growing: an unknown event or field is no fault. Only ids are sure to come since 2022.

mod node;
mod object;
mod problem;

use chrono::{DateTime, TimeDelta, Utc};

pub use node::Node;
pub use object::{Object, ObjectKind};
pub use problem::ParseProblem;

/// How far `CreateTime` may be ahead of the clock of this machine, whose clocks differ by seconds as a rule. What is
/// farther ahead would keep every later event of its object without effect until that time.
const MAX_AHEAD: TimeDelta = TimeDelta::minutes(10);

/// Why an event is another corp's than that to which it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCorp {
    /// The field that tells whose it is.
    pub field: &'static str,
    /// What it says; none where it is absent or empty.
    pub said: Option<String>,
}

/// A decrypted text, read as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `MsgType`, such as `event`.
    pub msg_type: Option<String>,
    /// `Event`, or `InfoType` in a suite's form.
    pub event: Option<String>,
    /// `ChangeType`.
    pub change_type: Option<String>,
    /// `FromUserName`.
    pub from_user: Option<String>,
    /// `CreateTime`, or `TimeStamp` in a suite's form: seconds since 1970.
    pub create_time: Option<i64>,
    /// `SuiteId`.
    pub suite_id: Option<String>,
    /// `AuthCorpId`.
    pub auth_corp_id: Option<String>,
    /// What makes it another corp's, if it is.
    pub other_corp: Option<OtherCorp>,
    /// What the event changes; the kind is none where no state follows from it.
    pub object: Option<Object>,
    /// `NewUserID`, where it differs from the member's id.
    pub new_user_id: Option<String>,
    /// What could not be read.
    pub problem: Option<ParseProblem>,
    /// All fields.
    pub fields: Node,
}

impl Event {
    /// Reads a decrypted text, XML or JSON. Never fails: what cannot be read is in `problem`.
    pub fn parse(body: &[u8]) -> Event {
        let fields = std::str::from_utf8(body)
            .map_err(|_| ParseProblem::NotUtf8)
            .and_then(|text| Node::parse(text.trim_start_matches('\u{feff}').trim()));
        match fields {
            Ok(fields) => Event::of(fields),
            Err(problem) => Event { problem: Some(problem), ..Event::of(Node::default()) },
        }
    }

    /// The event as it counts for the corp of `corp_id`, to which it came at `received_at`, encrypted for
    /// `receive_id`: that of another corp changes no state of this one, and a time that cannot be true is named.
    ///
    /// Corp ids are compared exactly, as everywhere: those of suites differ by the case of letters.
    pub fn for_corp(self, corp_id: &str, receive_id: &str, received_at: DateTime<Utc>) -> Event {
        let mut event = self;
        let mut problem = None;
        if event.is_ahead(received_at) {
            problem = Some(ParseProblem::FutureTime);
        } else if event.create_time.is_none() && event.time_text().is_some() {
            problem = Some(ParseProblem::UnreadableTime);
        }
        event.other_corp = event.other_corp_than(corp_id, receive_id);
        if event.other_corp.is_some() {
            problem = Some(ParseProblem::OtherCorp);
            event.new_user_id = None;
            if let Some(object) = &mut event.object {
                object.kind = None;
            }
        }
        event.problem = event.problem.or(problem);
        event
    }

    /// What makes it the event of another corp. What changes a state has to name the corp if it is a suite's, or was
    /// encrypted for somebody else. `ToUserName`, where there is one, is that corp, the suite, or whom the text was
    /// encrypted for.
    fn other_corp_than(&self, corp_id: &str, receive_id: &str) -> Option<OtherCorp> {
        let to = self.fields.filled("ToUserName");
        let is_suites = ["SuiteId", "AuthCorpId", "InfoType"]
            .iter()
            .any(|name| self.fields.get(name).is_some());
        let has_state = self.object.as_ref().is_some_and(|object| object.kind.is_some());
        let is_known = match self.auth_corp_id.as_deref() {
            Some(authorising) => authorising == corp_id,
            None => !has_state || !is_suites && (receive_id == corp_id || to == Some(corp_id)),
        };
        if !is_known {
            return Some(OtherCorp { field: "AuthCorpId", said: self.auth_corp_id.clone() });
        }
        let to = to.filter(|to| *to != corp_id && *to != receive_id)?;
        let is_suite = self.suite_id.as_deref() == Some(to);
        (!is_suite).then(|| OtherCorp { field: "ToUserName", said: Some(to.to_owned()) })
    }

    /// When the change happened: `CreateTime`, or the arrival where that is missing or cannot be true.
    pub fn occurred_at(&self, received_at: DateTime<Utc>) -> DateTime<Utc> {
        self.create_time
            .filter(|_| !self.is_ahead(received_at))
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .unwrap_or(received_at)
    }

    fn is_ahead(&self, received_at: DateTime<Utc>) -> bool {
        let latest = (received_at + MAX_AHEAD).timestamp();
        self.create_time.is_some_and(|seconds| seconds > latest)
    }

    /// The time of the change as it was written.
    pub fn time_text(&self) -> Option<&str> {
        self.fields.filled("CreateTime").or_else(|| self.fields.filled("TimeStamp"))
    }

    fn of(fields: Node) -> Event {
        let text = |name: &str| fields.filled(name).map(str::to_owned);
        let event = text("Event").or_else(|| text("InfoType"));
        let change_type = text("ChangeType");
        let (object, problem) =
            match object::concerned(event.as_deref(), change_type.as_deref(), &fields) {
                Ok(object) => (object, None),
                Err(problem) => (None, Some(problem)),
            };
        let renamed = object
            .as_ref()
            .filter(|object| object.kind.is_some_and(|kind| kind.descriptor().renamed));
        let new_user_id = renamed
            .and_then(|object| text("NewUserID").filter(|new| *new != object.id))
            .filter(|_| change_type.as_deref() == Some("update_user"));
        let mut event = Event {
            msg_type: text("MsgType"),
            event,
            change_type,
            from_user: text("FromUserName"),
            create_time: None,
            suite_id: text("SuiteId"),
            auth_corp_id: text("AuthCorpId"),
            other_corp: None,
            object,
            new_user_id,
            problem,
            fields,
        };
        event.create_time = event.time_text().and_then(seconds);
        event
    }
}

/// Seconds since 1970. What no number here can hold is far ahead all the same.
fn seconds(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(seconds) => Some(seconds).filter(|seconds| *seconds >= 0),
        Err(_) => text.bytes().all(|digit| digit.is_ascii_digit()).then_some(i64::MAX),
    }
}
