//! Stretches of every filling make one column.

use super::*;

/// Stretches with the cells of a text column; `None` is a cell without a value.
fn filled(chunks: &[(usize, Vec<Option<String>>)]) -> Vec<Option<String>> {
    let kinds = [Kind::Text, Kind::Integer];
    let slots = chunks.iter().map(|(slots, _)| *slots).collect();
    let mut columns = Columns::new(kinds.iter(), slots);
    let mut parts = columns.chunks();
    for (part, (_, cells)) in parts.iter_mut().zip(chunks) {
        for (at, cell) in cells.iter().enumerate() {
            match cell {
                Some(text) => part.writers[0].text(text),
                None => part.writers[0].null(),
            }
            part.writers[1].integer(at as i64);
            part.end_row(at as u32, at as u64);
        }
    }
    let filled = parts.into_iter().map(ColumnChunk::finish).collect();
    let finished = columns.finish(&["text", "number"], filled).unwrap();
    let positions: Vec<u64> = chunks.iter().flat_map(|(_, cells)| 0..cells.len() as u64).collect();
    assert_eq!(finished.hashes, positions);
    let numbers: Vec<i64> = finished.columns[1].i64().unwrap().into_no_null_iter().collect();
    assert_eq!(numbers, positions.iter().map(|n| *n as i64).collect::<Vec<_>>());
    let texts = finished.columns[0].str().unwrap();
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn chunks_of_any_size_are_joined_into_one_column() {
    let text = |n: usize| Some("一段超过十二字节的文字".repeat(n % 3) + &n.to_string());
    let long = Some("x".repeat(BLOCK + 1));
    let many: Vec<_> = (0..60_000).map(|n| text(n * 7919)).collect();
    for chunks in [
        vec![(0, vec![])],
        vec![(3, vec![text(1), None, text(2)])],
        vec![(5, vec![text(1), text(1)]), (4, vec![]), (4, vec![None, text(5), text(1)])],
        vec![(2, vec![long.clone(), text(2)]), (9, vec![text(2), long.clone(), text(1)])],
        vec![(70_000, many.clone()), (60_000, many.clone()), (60_001, many)],
    ] {
        let expected: Vec<_> = chunks.iter().flat_map(|(_, cells)| cells.iter().cloned()).collect();
        assert!(filled(&chunks) == expected, "{} stretches", chunks.len());
    }
}

#[test]
fn a_long_text_repeated_in_the_next_row_is_stored_once() {
    let mut texts = Texts::new(0, 1);
    let (one, other) = (b"1234567890123".as_slice(), b"1234567890124".as_slice());
    let views = [one, one, other, b"short", other, one].map(|text| texts.view(text));
    let offsets: Vec<u32> =
        views.iter().filter(|view| !view.is_inline()).map(|view| view.offset).collect();
    assert_eq!(offsets, [0, 0, 13, 13, 26]);
    assert_eq!(texts.blocks.len(), 1);
}
