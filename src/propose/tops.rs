//! What stands in the parent's place of a top.

use crate::config::schema::{Copy, ForestSchema, Schema, Tops};
use crate::model::Message;

use super::columns::{Facts, Tally, Word};
use super::proposal::{Change, Proposal, shown};
use super::sample::TextFile;
use super::words;

/// Who is at the top of a forest, by the sample.
struct TopFacts {
    /// Records without a parent.
    empty: u64,
    /// Records that name themselves.
    own: Vec<Word>,
    /// Parents that are no record's key.
    unknown: Vec<Word>,
}

/// Proposes `tops`: a parent that is no record's key and that all tops share, or the record's own key.
pub(super) fn markers(
    schema: &Schema,
    files: &[TextFile<'_>],
    facts: &Facts<'_>,
    null: &[String],
    proposal: &mut Proposal,
) {
    for forest in &schema.forests {
        let Some(file) = files.iter().find(|file| file.feed == forest.feed) else { continue };
        if let Some(found) = look(schema, forest, file, facts, null) {
            judge(forest, &found, proposal);
            names(schema, forest, file, null, proposal);
        }
    }
}

/// What stands in the place of the parent's name where there is no parent is no name: proposed as one more marker of
/// the forest, if all tops have it and no record has that name.
fn names(
    schema: &Schema,
    forest: &ForestSchema,
    file: &TextFile<'_>,
    null: &[String],
    proposal: &mut Proposal,
) {
    let top = |marker: &str| Change::Top { forest: forest.name.clone(), marker: marker.to_owned() };
    let is_set = |proposal: &Proposal, marker: &str| {
        proposal.settings.iter().any(|setting| setting.change == top(marker))
    };
    let table = &file.parsed.table;
    let (Some(parents), Some(keys)) =
        (table.text(&forest.parent), table.text(&schema.feed(forest.feed).key_field().name))
    else {
        return;
    };
    let is_copy = |copy: &&Copy| copy.feed == forest.feed && copy.via == forest.parent;
    for copy in schema.copies.iter().filter(is_copy) {
        let (Some(copied), Some(originals)) =
            (table.text(&copy.field), table.text(&copy.target_field))
        else {
            continue;
        };
        let (mut words, mut own, mut tops) = (Tally::default(), Tally::default(), 0);
        let cells = parents.iter().zip(keys.iter()).zip(copied.iter()).zip(originals.iter());
        for ((((parent, key), name), original), line) in cells.zip(table.lines()) {
            let parent = parent.unwrap_or_default();
            let is_top = parent.is_empty()
                || null.iter().any(|word| word == parent)
                || is_set(proposal, parent)
                || (key == Some(parent) && is_set(proposal, "self"));
            if !is_top {
                continue;
            }
            tops += 1;
            let name = name.unwrap_or_default();
            if name.is_empty() || null.iter().any(|word| word == name) || is_set(proposal, name) {
                continue;
            }
            match original == Some(name) {
                true => own.add(name, *line),
                false => words.add(name, *line),
            }
        }
        let own = own.words(file.name, &copy.field);
        if let Some(first) = own.first().filter(|_| !is_set(proposal, "self")) {
            let records: u64 = own.iter().map(|word| word.cells).sum();
            let (file, line, field) = (&first.file, first.line, &copy.field);
            let evidence = Message::new(
                format!(
                    "{records} 条没有上级的记录的 {field} 是自己的名称，如 {file} 第 {line} 行"
                ),
                format!(
                    "{records} record(s) without a parent have their own name as {field}, such as line {line} of {file}"
                ),
            );
            proposal.set(top("self"), evidence);
        }
        for word in words.words(file.name, &copy.field) {
            let marker = word.text.as_str();
            let is_name = originals.iter().any(|original| original == Some(marker));
            let is_parent = parents.iter().any(|parent| parent == Some(marker));
            let is_known = words::TOPS.contains(&marker) || words::NO_VALUE.contains(&marker);
            if is_name || is_parent {
                continue;
            }
            if is_known && word.cells == tops {
                // As a cell of text it may have been asked about already.
                let asked = [vec![Change::Null(marker.to_owned())]];
                proposal.questions.retain(|question| question.choices != asked);
                proposal.set(top(marker), word.evidence());
            } else if is_known {
                let Message { zh, en } = word.evidence();
                proposal.ask(
                    Message::new(
                        format!("{zh}，该记录没有上级；“{}”是否表示没有上级？", shown(marker)),
                        format!("{en}, of a record without a parent; does \"{}\" mean that it has none?", shown(marker)),
                    ),
                    [vec![top(marker)]],
                );
            }
        }
    }
}

fn look(
    schema: &Schema,
    forest: &ForestSchema,
    file: &TextFile<'_>,
    facts: &Facts<'_>,
    null: &[String],
) -> Option<TopFacts> {
    let parents = file.parsed.table.text(&forest.parent)?;
    let own_keys = file.parsed.table.text(&schema.feed(forest.feed).key_field().name)?;
    let keys = &facts.keys[forest.feed];
    let (mut empty, mut own, mut unknown) = (0, Tally::default(), Tally::default());
    let lines = file.parsed.table.lines();
    for ((parent, key), line) in parents.iter().zip(own_keys.iter()).zip(lines) {
        let parent = parent.unwrap_or_default();
        if parent.is_empty() || null.iter().any(|word| word == parent) {
            empty += 1;
        } else if key == Some(parent) {
            own.add(parent, *line);
        } else if !keys.contains(parent) {
            unknown.add(parent, *line);
        }
    }
    let own = own.words(file.name, &forest.parent);
    let unknown = unknown.words(file.name, &forest.parent);
    Some(TopFacts { empty, own, unknown })
}

fn judge(forest: &ForestSchema, found: &TopFacts, proposal: &mut Proposal) {
    let TopFacts { empty, own, unknown } = found;
    let name = &forest.name;
    let top = |marker: &str| Change::Top { forest: name.clone(), marker: marker.to_owned() };
    let known: Vec<&Word> =
        unknown.iter().filter(|word| words::TOPS.contains(&word.text.as_str())).collect();
    let one_at_most = forest.tops == Tops::One;
    let fits = |tops: u64| !one_at_most || tops == 1;
    match (*empty, own.as_slice(), known.as_slice()) {
        (0, [], [marker]) if fits(marker.cells) => {
            proposal.set(top(&marker.text), marker.evidence())
        }
        (0, [first, ..], []) if fits(own.len() as u64) => {
            let (records, file, line) = (own.len(), &first.file, first.line);
            proposal.set(
                top("self"),
                Message::new(
                    format!("{records} 条记录以自己为上级，没有上级为空的记录，如 {file} 第 {line} 行"),
                    format!(
                        "{records} record(s) name themselves as parent and none is empty, such as line {line} of {file}"
                    ),
                ),
            );
        }
        (_, _, [_, ..]) => {
            for marker in known {
                let Message { zh, en } = marker.evidence();
                proposal.ask(
                    Message::new(
                        format!("{zh}，另有 {empty} 条记录上级为空；“{}”是否也表示没有上级？", marker.text),
                        format!("{en}, and {empty} record(s) have no parent; does \"{}\" mean a top as well?", marker.text),
                    ),
                    [vec![top(&marker.text)]],
                );
            }
        }
        (_, [first, ..], _) => {
            let (records, file, line) = (own.len(), &first.file, first.line);
            proposal.ask(
                Message::new(
                    format!("{records} 条记录的 {} 是自己的编码，如 {file} 第 {line} 行；它们是否没有上级？", forest.parent),
                    format!(
                        "{records} record(s) name themselves in {}, such as line {line} of {file}; are they tops?",
                        forest.parent
                    ),
                ),
                [vec![top("self")]],
            );
        }
        (0, [], []) => {
            if let [only] = unknown.as_slice() {
                let Message { zh, en } = only.evidence();
                proposal.ask(
                    Message::new(
                        format!("{zh}，没有此编码的记录，也没有上级为空的记录；它是否表示没有上级？"),
                        format!("{en}; no record has this key and none is without a parent: does it mean a top?"),
                    ),
                    [vec![top(&only.text)]],
                );
            }
        }
        _ => {}
    }
}
