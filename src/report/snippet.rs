//! A delivered line with the field at fault marked under it, as compilers show code.
//!
//! The line is cut to the width here, around the mark and by display columns, so that the carets stand
//! under the right characters whatever the mixture of Chinese and Latin ones.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};
use unicode_width::UnicodeWidthChar;

use crate::model::{Excerpt, Level};

use super::layout::{display_width, wrap};

/// Stands where a line was cut.
const CUT: &str = "...";

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marked<'a> {
    /// The file.
    pub file: &'a str,
    /// The physical line, 1-based.
    pub line: u64,
    /// The line and the field at fault.
    pub excerpt: &'a Excerpt,
    /// What is wrong with it.
    pub label: &'a str,
    /// Its level.
    pub level: Level,
    /// More about it, one note each.
    pub notes: &'a [(&'a str, String)],
}

/// Draws the line to `width` columns. Ends without a line break.
///
/// The label stands beside the carets where there is room, else as a note below.
pub(super) fn draw(
    marked: &Marked<'_>,
    renderer: &Renderer,
    width: usize,
    label_note: &str,
) -> String {
    let digits = marked.line.max(1).ilog10() as usize + 1;
    let room = width.saturating_sub(digits + 3).max(20);
    let (text, mark) = window(&marked.excerpt.text, marked.excerpt.mark.clone(), room);

    let carets_end = display_width(&text[..mark.end]).max(display_width(&text[..mark.start]) + 1);
    let beside = carets_end + 1 + display_width(marked.label) <= room;
    let annotation = AnnotationKind::Primary.span(mark);
    let annotation = if beside { annotation.label(marked.label) } else { annotation };

    let line = usize::try_from(marked.line).unwrap_or(usize::MAX);
    let mut group = Group::with_level(severity(marked.level))
        .element(Snippet::source(text).line_start(line).annotation(annotation));
    // A note stands behind `= `, its name and `: `, and its further lines stand under its first.
    let note_room = |name: &str| room.saturating_sub(display_width(name) + 3);
    if !beside {
        let label = wrap(marked.label, note_room(label_note)).join("\n");
        group = group.element(Severity::NOTE.with_name(label_note).message(label));
    }
    for (name, note) in marked.notes {
        let note = wrap(note, note_room(name)).join("\n");
        group = group.element(Severity::NOTE.with_name(*name).message(note));
    }
    // The place is written here, because the renderer would count the column in the line as cut. That line
    // fits already; a second cut, by the renderer's own rules, would only spoil it.
    let indent = " ".repeat(digits);
    let Marked { file, excerpt: Excerpt { column, .. }, .. } = marked;
    let drawn = renderer.clone().term_width(usize::MAX / 4).render(&[group]);
    format!("{indent}--> {file}:{line}:{column}\n{drawn}")
}

fn severity(level: Level) -> Severity<'static> {
    match level {
        Level::Fatal | Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
        Level::Info | Level::Off => Severity::INFO,
    }
}

/// The part of a text that fits into `room` columns with the mark in it, and the position of the mark in
/// that part. What is left out is marked by [`CUT`]. A mark wider than the room is cut at its end.
fn window(text: &str, mark: Range<usize>, room: usize) -> (String, Range<usize>) {
    let mark = on_characters(text, mark);
    if display_width(text) <= room {
        return (text.to_owned(), mark);
    }
    let room = room.saturating_sub(2 * CUT.len());
    let marked = &text[mark.clone()];
    let shown_mark = fit(marked.chars(), room);
    let mark_end = mark.start + shown_mark;
    let left_over = room - display_width(&text[mark.start..mark_end]);

    // A third of what is left goes before the mark: what a field is, is seen from what stands before it,
    // but the label needs the place after it less than the reader needs the next fields.
    let before = &text[..mark.start];
    let wanted_before =
        (left_over / 3).max(left_over.saturating_sub(display_width(&text[mark_end..])));
    let start = before.len() - fit(before.chars().rev(), wanted_before);
    let used = display_width(&text[start..mark_end]);
    let end = mark_end + fit(text[mark_end..].chars(), room - used);

    let mut shown = String::with_capacity(end - start + 2 * CUT.len());
    if start > 0 {
        shown.push_str(CUT);
    }
    let shift = shown.len();
    shown.push_str(&text[start..end]);
    if end < text.len() {
        shown.push_str(CUT);
    }
    (shown, mark.start - start + shift..mark_end - start + shift)
}

/// Number of bytes of the characters, from the first on, that fit into `room` columns.
fn fit(characters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    let mut bytes = 0;
    for c in characters {
        used += c.width().unwrap_or(1);
        if used > room {
            break;
        }
        bytes += c.len_utf8();
    }
    bytes
}

/// The mark moved outwards to whole characters within the text, so that a wrong range cannot panic.
fn on_characters(text: &str, mark: Range<usize>) -> Range<usize> {
    let start = (0..=mark.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    let end = (mark.end.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at));
    let start = start.unwrap_or(0);
    start..end.unwrap_or(text.len()).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, field: &str) -> Excerpt {
        let start = text.find(field).expect("the field stands in the text");
        let column = text[..start].chars().count() as u64 + 1;
        Excerpt {
            text: text.to_owned(),
            mark: start..start + field.len(),
            column,
            names: Vec::new(),
        }
    }

    fn drawn(text: &str, field: &str, label: &str, width: usize) -> String {
        let excerpt = excerpt(text, field);
        let marked = Marked {
            file: "temp_agent.txt",
            line: 1_037,
            excerpt: &excerpt,
            label,
            level: Level::Error,
            notes: &[],
        };
        draw(&marked, &Renderer::plain(), width, "说明")
    }

    #[test]
    fn carets_stand_under_the_field_by_display_width() {
        let lines = [
            ("A1|张三|1|2024-02-30|个险", "2024-02-30"),
            ("A1|司马相如|９|x", "９"),
            ("A1|é́|2024|x", "2024"),
            ("机构|负责人", "负责人"),
        ];
        for (text, field) in lines {
            let drawing = drawn(text, field, "x", 80);
            let rows: Vec<&str> = drawing.lines().collect();
            let source = rows.iter().find(|row| row.contains(text)).expect("the line is drawn");
            let carets = rows.iter().find(|row| row.contains('^')).expect("carets are drawn");
            let caret_at = display_width(&carets[..carets.find('^').expect("a caret")]);
            let field_at = display_width(&source[..source.rfind(field).expect("the field")]);
            assert_eq!(caret_at, field_at, "{drawing}");
            assert_eq!(carets.matches('^').count(), display_width(field), "{drawing}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_field_to_the_width() {
        let long = "机构名称很长".repeat(40);
        let texts = [
            (format!("{long}|2024-02-30|{long}"), "2024-02-30"),
            (format!("2024-02-30|{long}"), "2024-02-30"),
            (format!("{long}|2024-02-30"), "2024-02-30"),
        ];
        for (text, field) in &texts {
            for width in [40, 61, 80, 120] {
                let drawing = drawn(text, field, "不是日期", width);
                assert!(drawing.contains(field), "{drawing}");
                for row in drawing.lines() {
                    assert!(display_width(row) <= width, "wider than {width}:\n{drawing}");
                }
            }
        }
    }

    #[test]
    fn a_field_wider_than_the_line_is_cut_at_its_end() {
        let field = "很".repeat(200);
        let drawing = drawn(&format!("A1|{field}|x"), &field, "太长", 60);
        assert!(drawing.lines().all(|row| display_width(row) <= 60), "{drawing}");
        assert!(drawing.contains("很..."), "{drawing}");
    }

    #[test]
    fn a_label_that_does_not_fit_becomes_a_note() {
        let label = "这个值在职员表里没有，因此这个人没有上级，请核对".repeat(2);
        let drawing = drawn("A1|张三", "张三", &label, 60);
        assert!(drawing.contains("= 说明: "), "{drawing}");
        let beside = drawn("A1|张三", "张三", "短", 60);
        assert!(beside.contains("^^^^ 短"), "{beside}");
    }

    #[test]
    fn a_mark_outside_the_text_or_inside_a_character_is_tolerated() {
        let text = "张三|x";
        for mark in [1..2, 0..99, 50..60, 6..6, 4..5] {
            let (shown, range) = window(text, mark, 80);
            assert!(shown.get(range).is_some());
        }
    }
}
