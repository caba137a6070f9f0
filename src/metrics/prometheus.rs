//! Prometheus text, format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use chrono::{DateTime, NaiveTime, Utc};

use crate::model::{Level, Verdict};

use super::{Database, TenantStatus};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text for how tenants stand. Every family is there, also with no tenant; what a tenant has not is left out.
pub fn render(tenants: &[TenantStatus]) -> String {
    let mut text = String::new();
    family(&mut text, "orgsnap_build_info", "The version of orgsnap.");
    sample(&mut text, "orgsnap_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    for (name, help, values) in FAMILIES {
        family(&mut text, name, help);
        for tenant in tenants {
            for (labels, value) in values(tenant) {
                let mut all = vec![("tenant", tenant.tenant.as_str())];
                all.extend(labels.iter().map(|(name, value)| (*name, value.as_str())));
                sample(&mut text, name, &all, value);
            }
        }
    }
    text
}

/// Labels besides the tenant, and a value.
type Values = Vec<(Vec<(&'static str, String)>, f64)>;

/// A name, what it means, and its values for a tenant.
type Family = (&'static str, &'static str, fn(&TenantStatus) -> Values);

const FAMILIES: &[Family] = &[
    ("orgsnap_last_success_timestamp_seconds", "When the last publication ended.", |t| {
        one(t.last_publication.map(|p| seconds(p.finished)))
    }),
    (
        "orgsnap_snapshot_date_timestamp_seconds",
        "The newest business date that there is a snapshot of, as its midnight in UTC.",
        |t| {
            one(t
                .last_publication
                .map(|p| seconds(p.newest_date.and_time(NaiveTime::MIN).and_utc())))
        },
    ),
    (
        "orgsnap_last_run_timestamp_seconds",
        "When the last run ended, whatever became of it.",
        |t| one(t.last_run.as_ref().map(|run| seconds(run.finished))),
    ),
    ("orgsnap_last_run_verdict", "1 for what became of the last run, 0 for the others.", |t| {
        let Some(run) = &t.last_run else { return Vec::new() };
        [Verdict::Published, Verdict::Refused, Verdict::Failed]
            .map(|verdict| {
                let is = f64::from(u8::from(run.verdict == verdict.name()));
                (vec![("verdict", verdict.name().to_owned())], is)
            })
            .to_vec()
    }),
    ("orgsnap_last_run_duration_seconds", "How long the last run took.", |t| {
        one(t.last_run.as_ref().map(|run| seconds(run.finished) - seconds(run.started)))
    }),
    ("orgsnap_last_run_rows", "Rows that the last run accepted.", |t| by_feed(t, |(rows, _)| rows)),
    ("orgsnap_last_run_quarantined_lines", "Lines that the last run put into quarantine.", |t| {
        by_feed(t, |(_, quarantined)| quarantined)
    }),
    ("orgsnap_last_run_findings", "Findings of the last run.", |t| {
        let Some(run) = &t.last_run else { return Vec::new() };
        Level::ALL
            .into_iter()
            .filter(|level| *level != Level::Off)
            .map(|level| {
                let count = run.levels.get(level.name()).copied().unwrap_or(0);
                (vec![("level", level.name().to_owned())], count as f64)
            })
            .collect()
    }),
    (
        "orgsnap_database_readable",
        "Whether the database can be read; left out before the first import.",
        |t| {
            one(match t.database {
                Database::Readable => Some(1.0),
                Database::Unreadable(_) => Some(0.0),
                Database::Missing => None,
            })
        },
    ),
    (
        "orgsnap_log_pending",
        "Whether a copy of org.db alone may lack what was published last, its log not being folded back.",
        |t| one(Some(f64::from(u8::from(t.is_log_pending)))),
    ),
    ("orgsnap_alerts_unsent", "Alerts that wait to be sent, counted once a channel.", |t| {
        one(t.alerts_unsent.map(|count| count as f64))
    }),
    ("orgsnap_running", "Whether a run is under way.", |t| {
        one(t.plan.map(|plan| f64::from(u8::from(plan.running))))
    }),
    ("orgsnap_waiting", "Whether files are waited for.", |t| {
        one(t.plan.map(|plan| f64::from(u8::from(plan.waiting_since.is_some()))))
    }),
    ("orgsnap_waiting_since_timestamp_seconds", "Since when files are waited for.", |t| {
        one(t.plan.and_then(|plan| plan.waiting_since).map(seconds))
    }),
    ("orgsnap_next_run_timestamp_seconds", "When the next run is due.", |t| {
        one(t.plan.and_then(|plan| plan.next_run).map(seconds))
    }),
    (
        "orgsnap_job_file_broken",
        "Whether the job file is broken and its last good version in use.",
        |t| one(t.plan.map(|plan| f64::from(u8::from(plan.job_file_broken)))),
    ),
];

fn one(value: Option<f64>) -> Values {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

fn by_feed(tenant: &TenantStatus, figure: fn((u64, u64)) -> u64) -> Values {
    let Some(run) = &tenant.last_run else { return Vec::new() };
    let of = |(feed, figures): (&String, &(u64, u64))| {
        (vec![("feed", feed.clone())], figure(*figures) as f64)
    };
    run.feeds.iter().map(of).collect()
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// All of them are gauges: they describe the last run and are no sum over runs.
fn family(text: &mut String, name: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

pub(super) fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
