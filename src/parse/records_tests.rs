//! Records read on several threads.

use polars_arrow::array::Array;

use super::*;
use crate::config::job::Format;
use crate::config::schema::Schema;
use crate::model::{Column, Feed};
use crate::parse::parse;

/// A line of a roster: some are ragged, some blank, some have no status that is a number.
fn line(n: usize) -> String {
    match n % 1_000 {
        7 => format!("A{n}|one field more or less"),
        8 => String::new(),
        9 => format!("A{n}|某某|x|1|||||||D01|86010101010101|突破一组|86010101|某某中心支公司"),
        _ => format!("A{n}|某某|1|1|||||||D01|86010101010101|突破一组|86010101|某某中心支公司"),
    }
}

/// Large enough for several threads, so that their chunks have gaps to close and their rows are
/// counted on.
#[test]
fn reading_on_several_threads_equals_reading_on_one() {
    let schema = Schema::builtin().unwrap();
    let feed = schema.feed(Feed::Agent);
    let names: Vec<&str> = feed.fields.iter().map(|field| field.name.as_str()).collect();
    let lines = 60_000;
    let body: String = (1..=lines).map(|n| line(n) + "\n").collect();
    let text = format!("{}\n{body}", names.join("|"));
    assert!(text.len() as u64 > 2 * THREAD, "too small for two threads");

    let counter = crate::model::RowCounter::default();
    let parsed =
        parse(text.as_bytes(), &schema, Feed::Agent, &Format::default(), counter).unwrap().unwrap();
    let of_kind = |kind| (1..=lines).filter(move |n| n % 1_000 == kind);
    let ragged: Vec<u32> = parsed.ragged.iter().map(|ragged| ragged.line).collect();
    assert_eq!(ragged, of_kind(7).map(|n| n as u32).collect::<Vec<_>>());
    assert_eq!(parsed.blank, of_kind(8).count() as u64);
    let table = &parsed.table;
    assert_eq!(table.len(), lines - ragged.len() - parsed.blank as usize);

    let (keys, names) = (table.text("id").unwrap(), table.text("workingOrganName").unwrap());
    for (row, line) in table.lines().iter().enumerate() {
        assert_eq!(keys.get(row), Some(format!("A{}", line - 1).as_str()));
        assert_eq!(names.get(row), Some("某某中心支公司"));
    }
    let faulty: Vec<usize> = parsed
        .faults
        .iter()
        .filter(|fault| fault.kind == CellFaultKind::NotAnInteger)
        .map(|fault| table.lines()[fault.row as usize] as usize - 1)
        .collect();
    assert_eq!(faulty, of_kind(9).collect::<Vec<_>>());
    let Some(Column::Int(status)) = table.column("agentStatus") else { panic!("no status") };
    assert_eq!(status.null_count(), faulty.len());
}

#[test]
fn a_trace_of_double_decoding_is_found_where_removed_characters_stood_in_it() {
    let schema = Schema::builtin().unwrap();
    let feed = schema.feed(Feed::Agent);
    let names: Vec<&str> = feed.fields.iter().map(|field| field.name.as_str()).collect();
    let broken = line(1).replacen('|', "|锟\u{200b}斤拷", 1);
    let text = format!("{}\n{broken}\n{}\n", names.join("|"), line(2));
    let counter = crate::model::RowCounter::default();
    let parsed =
        parse(text.as_bytes(), &schema, Feed::Agent, &Format::default(), counter).unwrap().unwrap();
    let rows = parsed.faults.iter().filter(|fault| fault.kind == CellFaultKind::DecodedTwice);
    assert_eq!(rows.map(|fault| fault.row).collect::<Vec<_>>(), [0]);
}
