//! Where a record comes from, as the document whose schema is `schemas/explain.schema.json`.

use serde_json::{Value, json};

use crate::model::{
    ArchiveState, DeliveryTrace, Explanation, LineFate, ListedFinding, Message, RecordState,
    TraceRole, TracedField, TracedLine, TreeEnd, TreePlace,
};

/// The document.
pub fn document(explanation: &Explanation) -> Value {
    let (state, since) = match explanation.state {
        RecordState::Published { since } => ("published", Some(since)),
        RecordState::Carried { since } => ("carried", Some(since)),
        RecordState::Quarantined => ("quarantined", None),
        RecordState::Absent { since } => ("absent", since),
    };
    let values = explanation
        .values
        .iter()
        .map(|v| json!({ "column": v.column, "title": text(&v.title), "value": v.value }));
    let versions = explanation.versions.iter().map(|version| {
        let changes = version.changes.iter().map(
            |c| json!({ "column": c.column, "title": text(&c.title), "from": c.from, "to": c.to }),
        );
        json!({
            "valid_from": version.from.to_string(),
            "valid_to": version.to.map(|to| to.to_string()),
            "changes": changes.collect::<Value>(),
        })
    });
    let carried = explanation.carried.iter().map(|(from, to)| {
        json!({ "carried_from": from.to_string(), "carried_to": to.map(|to| to.to_string()) })
    });
    let earlier = explanation.earlier_findings.iter().map(|(last, earlier)| {
        let mut earlier = finding(earlier);
        earlier["last_seen"] = last.to_string().into();
        earlier
    });
    json!({
        "feed": explanation.feed.name(),
        "id": explanation.id,
        "business_date": explanation.date.to_string(),
        "state": state,
        "since": since.map(|since| since.to_string()),
        "values": values.collect::<Value>(),
        "deliveries": explanation.deliveries.iter().map(delivery).collect::<Value>(),
        "places": explanation.places.iter().map(place).collect::<Value>(),
        "versions": versions.collect::<Value>(),
        "carried": carried.collect::<Value>(),
        "findings": explanation.findings.iter().map(finding).collect::<Value>(),
        "earlier_findings": earlier.collect::<Value>(),
    })
}

fn text(message: &Message) -> Value {
    json!({ "zh": message.zh, "en": message.en })
}

fn delivery(delivery: &DeliveryTrace) -> Value {
    let role = match delivery.role {
        TraceRole::OfDate => "of-date",
        TraceRole::LastGood => "last-good",
        TraceRole::LastSeen => "last-seen",
    };
    let (archive, offsets, path, why) = match &delivery.archive {
        ArchiveState::Read { expanded: true } => ("read", Some("expanded"), None, None),
        ArchiveState::Read { expanded: false } => ("read", Some("delivered"), None, None),
        ArchiveState::Gone(path) => ("gone", None, Some(path.display().to_string()), None),
        ArchiveState::Unusable(why) => ("unusable", None, None, Some(text(why))),
    };
    let file = &delivery.file;
    json!({
        "role": role,
        "business_date": delivery.date.to_string(),
        "run": delivery.run.0,
        "file": {
            "name": file.name,
            "container": file.container,
            "sha256": file.sha256,
            "size": file.size,
            "encoding": file.encoding,
            "delimiter": file.delimiter,
            "header": file.header,
        },
        "archive": { "state": archive, "offsets_of": offsets, "path": path, "why": why },
        "lines": delivery.lines.iter().map(line).collect::<Value>(),
    })
}

fn line(line: &TracedLine) -> Value {
    let (fate, rules) = match &line.fate {
        LineFate::Published => ("published", &[][..]),
        LineFate::Repeated => ("repeated", &[][..]),
        LineFate::Quarantined(rules) => ("quarantined", rules.as_slice()),
    };
    let field = |field: &TracedField| {
        let (name, title) = match &field.name {
            Some((name, title)) => (Some(name), Some(text(title))),
            None => (None, None),
        };
        let before = line.text.get(..field.at.start).unwrap_or_default();
        json!({
            "name": name,
            "title": title,
            "character": before.chars().count() + 1,
            "value": field.value,
        })
    };
    json!({
        "line": line.line,
        "offset": line.bytes.as_ref().map(|bytes| bytes.start),
        "bytes": line.bytes.as_ref().map(|bytes| bytes.end - bytes.start),
        "text": line.text,
        "fields": line.fields.iter().map(field).collect::<Value>(),
        "fate": fate,
        "rules": rules,
    })
}

fn place(place: &TreePlace) -> Value {
    let (end, unknown) = match &place.end {
        TreeEnd::Top => ("top", None),
        TreeEnd::UnknownParent(id) => ("unknown-parent", Some(id)),
        TreeEnd::Cycle => ("cycle", None),
        TreeEnd::Cut => ("cut", None),
    };
    let above = place.above.iter().map(|step| json!({ "id": step.id, "name": step.name }));
    json!({
        "forest": place.forest,
        "title": text(&place.title),
        "by": place.by.as_ref().map(|(column, _)| column),
        "above": above.collect::<Value>(),
        "end": end,
        "unknown_parent": unknown,
    })
}

fn finding(finding: &ListedFinding) -> Value {
    json!({
        "code": finding.code,
        "name": finding.name,
        "level": finding.level,
        "disposition": finding.disposition,
        "line": finding.line,
        "key": finding.key,
        "field": finding.field,
        "value": finding.value,
        "message": text(&finding.message),
        "affected": finding.affected,
        "first_seen": finding.first_seen,
        "deliveries": finding.deliveries,
    })
}
