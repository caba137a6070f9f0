//! Happenings of every kind, as the tests need them.

use std::{path::PathBuf, sync::LazyLock};

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::{
    alert::{Cause, EventKind, RunEvent, RunFacts, TopFinding},
    config::job::{self, Job},
    model::{self, CauseKind, Feed, GateReason, Level, Message, RunId},
};

pub(crate) static NOW: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| "2024-11-23T18:31:07Z".parse().unwrap());

/// A job with the channels that `more` says, of the tenant `t`.
pub(crate) fn job(more: &str) -> Job {
    let text = format!("tenant = \"t\"\nname = \"示例人寿\"\n{more}");
    job::parse(&PathBuf::from("jobs/t.toml"), &text, &|_| None).unwrap()
}

pub(crate) fn event(day: u32, what: EventKind) -> RunEvent {
    RunEvent {
        tenant: "t".into(),
        insurer: Some("示例人寿".into()),
        business_date: NaiveDate::from_ymd_opt(2024, 11, day).unwrap(),
        what,
    }
}

fn causes() -> Vec<model::Cause> {
    let cut_short = model::Cause {
        kind: CauseKind::FileCutShort,
        level: Level::Error,
        what: Message::fixed(
            "temp_base_node.txt 不完整，缺少结尾；涉及 河南分公司（8616）的 60,015 名代理人、412 个机构",
            "temp_base_node.txt has been cut off; it concerns 60,015 agents and 412 organisations of 河南分公司 (8616)",
        ),
        action: Message::fixed(
            "请提供方重新上传完整的 temp_base_node.txt",
            "ask the provider to upload the whole temp_base_node.txt again",
        ),
        feed: Feed::Node,
        line: Some(37_380),
        key: None,
        people: 60_015,
        organs: 412,
        organ: Some(("8616".to_owned(), "河南分公司".to_owned())),
        findings: 4_102,
        codes: vec!["F108", "X411"],
    };
    let missing = model::Cause {
        kind: CauseKind::MissingRecord,
        what: Message::fixed(
            "机构 8699 不在 temp_organization.txt 中",
            "the organisation 8699 is not in temp_organization.txt",
        ),
        action: Message::fixed("请提供方补回该机构", "ask the provider to add it"),
        people: 12,
        ..cut_short.clone()
    };
    vec![cut_short, missing]
}

pub(crate) fn facts() -> RunFacts {
    let finding = |code, name, zh: &'static str, en: &'static str, level, count| TopFinding {
        code,
        name,
        summary: Message::fixed(zh, en),
        level,
        count,
    };
    RunFacts {
        run: RunId("20241123-183000-1f3a".into()),
        reasons: vec![GateReason {
            limit: "quarantined",
            message: Message::fixed(
                "temp_agent.txt 被隔离的行：60015 / 986214（6.09%），超过上限 1%（max_quarantined）",
                "quarantined lines of temp_agent.txt: 60015 of 986214 (6.09%), over the limit of 1% \
                 (max_quarantined)",
            ),
        }],
        causes: causes(),
        all_causes: 5,
        findings: vec![
            finding(
                "R201",
                "wrong-field-count",
                "字段数不对",
                "wrong number of fields",
                Level::Error,
                60015,
            ),
            finding(
                "X409",
                "unknown-recruiter",
                "推荐人不存在",
                "the recruiter does not exist",
                Level::Warning,
                1,
            ),
        ],
        rows: 926_199,
        quarantined: 60_015,
        snapshot_date: NaiveDate::from_ymd_opt(2024, 11, 22),
        report: Some(PathBuf::from("data/t/reports/20241123-183000-1f3a/report.json")),
    }
}

pub(crate) fn published() -> EventKind {
    EventKind::Published(RunFacts { reasons: Vec::new(), quarantined: 3, ..facts() })
}

pub(crate) fn refused() -> EventKind {
    EventKind::Refused(facts())
}

pub(crate) fn late() -> EventKind {
    EventKind::Late {
        since: "2024-11-23T18:30:00Z".parse().unwrap(),
        until: Some("2024-11-24T00:00:00Z".parse().unwrap()),
        message: Message::fixed(
            "ftps://jiniu@ftp.example.com:21/export/20241123 中一个文件也没有",
            "none of the files is at ftps://jiniu@ftp.example.com:21/export/20241123",
        ),
    }
}

/// The same when the wait is over.
pub(crate) fn in_vain() -> EventKind {
    match late() {
        EventKind::Late { since, message, .. } => {
            EventKind::Late { since, until: Some(*NOW), message }
        }
        other => other,
    }
}

pub(crate) fn failed() -> EventKind {
    EventKind::Failed {
        cause: Cause::Source,
        message: Message::fixed(
            "服务器拒绝登录：530 <@all> [点我](http://evil.example) `x`\u{1b}[31m",
            "the server refused the login: 530 <@all> [click](http://evil.example) `x`\u{1b}[31m",
        ),
        run: None,
    }
}

pub(crate) fn broken() -> EventKind {
    EventKind::JobFileBroken {
        message: Message::fixed(
            "jobs/t.toml:3: 缺少 \"kind\"",
            "jobs/t.toml:3: missing key \"kind\"",
        ),
    }
}
