//! K304 key-differs-by-case: two keys equal but for letter case or full-width form.

use std::borrow::Cow;
use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
use xxhash_rust::xxh3::xxh3_64;

use crate::delivery::Readable;
use crate::model::{Disposition, Example, Finding, Group, Level, Message, Related, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "K304",
        name: "key-differs-by-case",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Key,
        summary: Message::fixed("主键仅大小写或全半角不同", "two keys equal but for letter case or full-width form"),
        example: Example { header: "id|agentName", defect: "A01|刘洋\na01|刘洋", mended: "A01|刘洋" },
        docs: Message::fixed(
            "\
## 检查内容
是否有不同的主键在统一全半角（Unicode NFKC）和大小写之后相同。

## 影响
对程序是两条记录，对人往往是同一条；同一个人会被统计两次，引用也可能指向错误的一条。

## 修正方法
请在源系统统一主键的写法，并删除多余的记录；若确为两条记录，请改用容易区分的主键。",
            "\
## What it checks
Whether different keys are the same once full-width forms (Unicode NFKC) and letter case are made equal.

## Why it matters
They are two records to a program and mostly one to a reader: people are counted twice, and references may name the wrong one.

## How the provider fixes it
Write keys in one way in the source system and remove the superfluous record; if there are two, give them keys that can be told apart.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        for rows in alike(&file) {
            let lines: Vec<u64> = rows.iter().map(|row| file.line(*row)).collect();
            sink.report(file.feed, &lines, || {
                let mut keys: Vec<&str> = Vec::new();
                for key in rows.iter().filter_map(|row| file.key(*row)) {
                    if keys.len() < SHOWN && !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                let key = rows.first().and_then(|row| file.key(*row));
                let related = rows.iter().skip(1).take(Finding::MAX_LINES).map(|row| Related {
                    feed: file.feed,
                    line: file.line(*row),
                    key: file.key(*row).unwrap_or_default().to_owned(),
                });
                NewFinding::new(
                    format!("主键 {} 仅大小写或全半角不同", keys.join("、")),
                    format!(
                        "the keys {} differ by letter case or full-width form only",
                        keys.join(", ")
                    ),
                )
                .key(key)
                .field(&file.schema.key_field().name)
                .value(key.map(str::to_owned))
                .related(related.collect())
            });
        }
    }
}

/// Maximum number of keys in the message.
const SHOWN: usize = 5;

/// The rows of different keys that have one folded form, in line order; groups by first line.
fn alike(file: &Readable<'_, '_>) -> Vec<Vec<u32>> {
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let fold = |key| folded(&normalizer, key);
    // A key that is its own folded form is found in the index; only the others are collected.
    let mut others: Vec<(u64, u32)> = Vec::new();
    for row in 0..file.parsed.table.len() as u32 {
        if let Some(Cow::Owned(form)) = file.key(row).map(fold) {
            others.push((xxh3_64(form.as_bytes()), row));
        }
    }
    others.sort_unstable();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for same_hash in others.chunk_by(|a, b| a.0 == b.0) {
        let mut forms: BTreeMap<Cow<'_, str>, Vec<u32>> = BTreeMap::new();
        for (_, row) in same_hash {
            if let Some(key) = file.key(*row) {
                forms.entry(fold(key)).or_default().push(*row);
            }
        }
        for (form, mut rows) in forms {
            let plain = file.index.find(file.keys, &form);
            let first = rows.first().and_then(|row| file.key(*row));
            if plain.is_none() && rows.iter().all(|row| file.key(*row) == first) {
                continue;
            }
            rows.extend(plain);
            groups.push(rows);
        }
    }
    if groups.is_empty() {
        return groups;
    }
    // The index answers one row of a key that is delivered more than once.
    let repeated: BTreeMap<&str, &Vec<u32>> = file
        .index
        .repeated()
        .iter()
        .filter_map(|rows| Some((file.key(*rows.first()?)?, rows)))
        .collect();
    for rows in &mut groups {
        if let Some(all) = rows.last().and_then(|row| repeated.get(file.key(*row)?)) {
            rows.extend_from_slice(all);
        }
        rows.sort_unstable();
        rows.dedup();
    }
    groups.sort_unstable();
    groups
}

/// The form in which full-width characters are narrow and letters small; borrowed where the key has it already.
fn folded<'k>(normalizer: &ComposingNormalizerBorrowed<'_>, key: &'k str) -> Cow<'k, str> {
    if key.is_ascii() {
        return match key.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Cow::Owned(key.to_ascii_lowercase()),
            false => Cow::Borrowed(key),
        };
    }
    let form = normalizer.normalize(key).to_lowercase();
    if form == key { Cow::Borrowed(key) } else { Cow::Owned(form) }
}
