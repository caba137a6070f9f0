//! Causes, and where findings are, as the document holds them.

use serde::Serialize;

use crate::model::{Cause, OrganFindings};

use super::json_text::{Text, text};

#[derive(Serialize)]
pub(super) struct CauseEntry<'a> {
    kind: &'static str,
    level: &'static str,
    what: Text<'a>,
    action: Text<'a>,
    feed: &'static str,
    line: Option<u64>,
    key: Option<&'a str>,
    people: u64,
    organs: u64,
    organ: Option<Organ<'a>>,
    findings: u64,
    codes: &'a [&'static str],
}

#[derive(Serialize)]
struct Organ<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
pub(super) struct OrganEntry<'a> {
    id: &'a str,
    name: &'a str,
    parent: Option<&'a str>,
    depth: u32,
    people: u64,
    findings: u64,
}

impl<'a> CauseEntry<'a> {
    pub(super) fn of(cause: &'a Cause) -> CauseEntry<'a> {
        CauseEntry {
            kind: cause.kind.name(),
            level: cause.level.name(),
            what: text(&cause.what),
            action: text(&cause.action),
            feed: cause.feed.name(),
            line: cause.line,
            key: cause.key.as_deref(),
            people: cause.people,
            organs: cause.organs,
            organ: cause.organ.as_ref().map(|(id, name)| Organ { id, name }),
            findings: cause.findings,
            codes: &cause.codes,
        }
    }
}

impl<'a> OrganEntry<'a> {
    pub(super) fn of(organ: &'a OrganFindings) -> OrganEntry<'a> {
        OrganEntry {
            id: &organ.id,
            name: &organ.name,
            parent: organ.parent.as_deref(),
            depth: organ.depth,
            people: organ.people,
            findings: organ.findings,
        }
    }
}
