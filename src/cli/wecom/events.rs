//! `orgsnap wecom events`: what came.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use clap::Args;
use orgsnap::report::{Column, table, visible};
use orgsnap::wecom::store::{Body, EventQuery, EventReader, StoredEvent};
use serde::Serialize;

use crate::cli::argument::BadArgument;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// List the callbacks that came, newest first
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Only those that arrived since then, in UTC: 2026-11-24, "2026-11-24 08:30" or 2026-11-24T08:30:00+08:00
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print all columns and the decrypted texts, which name people, as JSON
    #[arg(long)]
    json: bool,
}

/// A point in time as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Since(DateTime<Utc>);

impl FromStr for Since {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<Since, Self::Err> {
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(Since(instant.to_utc()));
        }
        let text = text.trim_end_matches('Z').replace('T', " ");
        let naive = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S")
            .or_else(|_| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M"))
            .or_else(|_| {
                NaiveDate::parse_from_str(&text, "%Y-%m-%d")
                    .map(|date| date.and_time(NaiveTime::MIN))
            });
        naive.map(|naive| Since(naive.and_utc())).map_err(|_| {
            BadArgument::new(
                "不是有效的时间；请使用 2026-11-24、\"2026-11-24 08:30\" 或 2026-11-24T08:30:00+08:00",
                "not a time: write 2026-11-24, \"2026-11-24 08:30\" or 2026-11-24T08:30:00+08:00",
            )
        })
    }
}

#[derive(Serialize)]
struct Document<'a> {
    id: i64,
    received_at: &'a str,
    occurred_at: &'a str,
    endpoint: &'a str,
    corp_id: &'a str,
    agent_id: &'a str,
    receive_id: &'a str,
    timestamp: Option<i64>,
    nonce: &'a str,
    msg_type: Option<&'a str>,
    event: Option<&'a str>,
    change_type: Option<&'a str>,
    object_kind: Option<&'a str>,
    object_id: Option<&'a str>,
    user_id: Option<&'a str>,
    new_user_id: Option<&'a str>,
    from_user: Option<&'a str>,
    create_time: Option<i64>,
    suite_id: Option<&'a str>,
    auth_corp_id: Option<&'a str>,
    problem: Option<&'a str>,
    deliveries: i64,
    last_received_at: &'a str,
    /// The decrypted text; null where it is not UTF-8.
    body: Option<&'a str>,
    /// Its bytes in Base64, where it is not UTF-8.
    body_base64: Option<String>,
}

/// Lists the events.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let query = EventQuery { since: arguments.since.map(|since| since.0), limit: arguments.limit };
    let events = EventReader::open(&folder)?.events(query)?;
    let text = if arguments.json {
        let documents: Vec<Document<'_>> = events.iter().map(document).collect();
        format!("{}\n", serde_json::to_string_pretty(&documents)?)
    } else {
        drawn(&events, environment)
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn document(event: &StoredEvent) -> Document<'_> {
    let (body, body_base64) = match &event.body {
        Body::Text(text) => (Some(text.as_str()), None),
        Body::Bytes(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    Document {
        id: event.id,
        received_at: &event.received_at,
        occurred_at: &event.occurred_at,
        endpoint: &event.endpoint,
        corp_id: &event.corp_id,
        agent_id: &event.agent_id,
        receive_id: &event.receive_id,
        timestamp: event.timestamp,
        nonce: &event.nonce,
        msg_type: event.msg_type.as_deref(),
        event: event.event.as_deref(),
        change_type: event.change_type.as_deref(),
        object_kind: event.object_kind.as_deref(),
        object_id: event.object_id.as_deref(),
        user_id: event.user_id.as_deref(),
        new_user_id: event.new_user_id.as_deref(),
        from_user: event.from_user.as_deref(),
        create_time: event.create_time,
        suite_id: event.suite_id.as_deref(),
        auth_corp_id: event.auth_corp_id.as_deref(),
        problem: event.problem.as_deref(),
        deliveries: event.deliveries,
        last_received_at: &event.last_received_at,
        body,
        body_base64,
    }
}

/// Ids and types only: what the events say of people is for those who ask for it. The endpoint follows from the
/// application, and the line is short.
fn drawn(events: &[StoredEvent], environment: &Environment) -> String {
    let language = environment.language;
    if events.is_empty() {
        return language.choose("没有事件\n", "no events\n").to_owned();
    }
    let (mut header, mut columns) = (
        language
            .choose(
                ["收到（UTC）", "应用", "事件", "变更类型", "对象"],
                ["received (UTC)", "agent", "event", "change", "object"],
            )
            .to_vec(),
        vec![Column::Text; 5],
    );
    // Columns that have nothing to say would only make the others narrower.
    let repeated = events.iter().any(|event| event.deliveries > 1);
    let faulty = events.iter().any(|event| event.problem.is_some());
    if repeated {
        header.push(language.choose("次数", "times"));
        columns.push(Column::Number);
    }
    if faulty {
        header.push(language.choose("问题", "problem"));
        columns.push(Column::Text);
    }
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let received = event.received_at.replace('T', " ");
            // What others send must not steer the terminal.
            let text = |value: &Option<String>| {
                value.as_deref().map(|text| visible(text).into_owned()).unwrap_or_default()
            };
            let mut row = vec![
                received.chars().take(19).collect(),
                event.agent_id.clone(),
                text(if event.event.is_some() { &event.event } else { &event.msg_type }),
                text(&event.change_type),
                text(&event.object_id),
            ];
            if repeated {
                row.push(event.deliveries.to_string());
            }
            if faulty {
                row.push(text(&event.problem));
            }
            row
        })
        .collect();
    table(&columns, &header, &rows, 0, environment.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_utc_unless_they_say_otherwise() {
        let cases = [
            ("2026-11-24", Some("2026-11-24T00:00:00Z")),
            ("2026-11-24 08:30", Some("2026-11-24T08:30:00Z")),
            ("2026-11-24T08:30", Some("2026-11-24T08:30:00Z")),
            ("2026-11-24 08:30:15", Some("2026-11-24T08:30:15Z")),
            ("2026-11-24T08:30:15Z", Some("2026-11-24T08:30:15Z")),
            ("2026-11-24T08:30:00+08:00", Some("2026-11-24T00:30:00Z")),
            ("yesterday", None),
            ("2026-02-30", None),
        ];
        for (text, expected) in cases {
            let read = text.parse::<Since>().ok().map(|since| since.0);
            assert_eq!(read, expected.map(|time| time.parse().unwrap()), "{text}");
        }
    }
}
