//! Masking names of people: `张三` is shown as `张*`.
//!
//! A finding says itself which of its texts are names, or may be; nothing is guessed from a text here.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::model::{Cause, Excerpt, Finding, Message, Related, RunReport, may_be_name};

/// How names of people appear in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As delivered.
    Shown,
    /// The first character and a star.
    Masked,
}

impl Names {
    /// Masked if so, else shown.
    pub fn masked(is_masked: bool) -> Names {
        if is_masked { Names::Masked } else { Names::Shown }
    }

    /// The finding as a report may show it: its value, keys, message, hint and line.
    pub fn finding(self, finding: &Finding) -> Cow<'_, Finding> {
        let has_names = |excerpt: &Excerpt| !excerpt.names.is_empty();
        if self == Names::Shown
            || (finding.names.is_empty() && !finding.excerpt.as_ref().is_some_and(has_names))
        {
            return Cow::Borrowed(finding);
        }
        let names = longest_first(finding.names.iter().map(String::as_str));
        let text = |text: &String| masked_in(text, &names).into_owned();
        let message = |message: &Message| masked_message(message, &names);
        Cow::Owned(Finding {
            key: finding.key.as_ref().map(text),
            value: finding.value.as_ref().map(text),
            message: message(&finding.message),
            hint: finding.hint.as_ref().map(message),
            related: finding
                .related
                .iter()
                .map(|other| Related { key: text(&other.key), ..other.clone() })
                .collect(),
            excerpt: finding.excerpt.as_ref().map(masked_line),
            names: Vec::new(),
            lines: finding.lines.clone(),
            field: finding.field.clone(),
            ..*finding
        })
    }

    /// The causes of a run as a report may show them. A cause can quote a value of its findings, which say what names are.
    pub fn causes(self, report: &RunReport) -> Cow<'_, [Cause]> {
        if self == Names::Shown {
            return Cow::Borrowed(&report.causes);
        }
        let mut quoted: Vec<Vec<&str>> = vec![Vec::new(); report.causes.len()];
        for finding in &report.findings {
            let Some(number) = finding.cause.filter(|number| *number < quoted.len()) else {
                continue;
            };
            let cause = &report.causes[number];
            let texts = [&cause.what, &cause.action].map(|text| [&text.zh, &text.en]);
            let stands = |name: &str| texts.iter().flatten().any(|text| text.contains(name));
            let names =
                finding.names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
            quoted[number].extend(names.filter(|name| stands(name)));
        }
        let cause = |(cause, names): (&Cause, Vec<&str>)| {
            let names = longest_first(names.into_iter());
            Cause {
                what: masked_message(&cause.what, &names),
                action: masked_message(&cause.action, &names),
                key: cause.key.as_deref().map(|key| self.key(key).into_owned()),
                ..cause.clone()
            }
        };
        Cow::Owned(report.causes.iter().zip(quoted).map(cause).collect())
    }

    /// A key without a finding as a report may show it.
    pub fn key(self, key: &str) -> Cow<'_, str> {
        match self {
            Names::Masked if may_be_name(key) => Cow::Owned(masked(key)),
            Names::Masked | Names::Shown => Cow::Borrowed(key),
        }
    }
}

/// A name with all but its first character hidden, however long it is; of one character nothing is left.
pub fn masked(name: &str) -> String {
    let name = name.trim().trim_matches('"');
    let first = name.chars().next().filter(|first| first.len_utf8() < name.len());
    first.into_iter().chain(['*']).collect()
}

/// Longer names first, so that a name that is part of another does not hide it.
pub(super) fn longest_first<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.map(str::trim).filter(|name| !name.is_empty()).collect();
    names.sort_by_key(|name| (Reverse(name.len()), *name));
    names.dedup();
    names
}

pub(super) fn masked_message(message: &Message, names: &[&str]) -> Message {
    Message::new(masked_in(&message.zh, names), masked_in(&message.en, names))
}

pub(super) fn masked_in<'t>(text: &'t str, names: &[&str]) -> Cow<'t, str> {
    names.iter().fold(Cow::Borrowed(text), |text, name| match text.contains(name) {
        true => Cow::Owned(text.replace(name, &masked(name))),
        false => text,
    })
}

/// The line with its names masked and the mark on the same field.
fn masked_line(line: &Excerpt) -> Excerpt {
    let mut text = String::with_capacity(line.text.len());
    // Where each name ended, and where it ends now.
    let mut moved = Vec::with_capacity(line.names.len());
    let mut from = 0;
    for name in &line.names {
        let between = line.text.get(from..name.start);
        if let (Some(between), Some(hidden)) = (between, line.text.get(name.clone())) {
            text.push_str(between);
            text.push_str(&masked(hidden));
            moved.push((name.clone(), text.len()));
            from = name.end;
        }
    }
    text.push_str(line.text.get(from..).unwrap_or_default());
    let place = |bound: usize| match moved.iter().rev().find(|(name, _)| name.start < bound) {
        // A bound within a name is moved to its end.
        Some((name, end)) => end + bound.saturating_sub(name.end),
        None => bound,
    };
    let mark = place(line.mark.start)..place(line.mark.end);
    Excerpt { text, mark, column: line.column, names: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, mark: &str, names: &[&str]) -> Excerpt {
        let place = |part: &str| {
            let start = text.find(part).unwrap();
            start..start + part.len()
        };
        Excerpt {
            text: text.to_owned(),
            mark: place(mark),
            column: 1,
            names: names.iter().map(|name| place(name)).collect(),
        }
    }

    #[test]
    fn names_in_a_line_are_masked_and_the_mark_stays_on_its_field() {
        let cases = [
            (line("A1|司马相如|1|x", "1|x", &["司马相如"]), "A1|司*|1|x", "1|x"),
            (line("A1|司马相如|1", "司马相如", &["司马相如"]), "A1|司*|1", "司*"),
            (line("A1|张三|2|李四", "2", &["张三", "李四"]), "A1|张*|2|李*", "2"),
            (line("A1|张三|2|李四", "A1", &["张三", "李四"]), "A1|张*|2|李*", "A1"),
            (line("A1|x", "A1|x", &[]), "A1|x", "A1|x"),
        ];
        for (line, text, mark) in cases {
            let masked = masked_line(&line);
            assert_eq!((masked.text.as_str(), &masked.text[masked.mark.clone()]), (text, mark));
        }
    }

    #[test]
    fn a_name_that_is_part_of_another_does_not_hide_it() {
        let names = ["王芳", "王芳芳", ""];
        let names = longest_first(names.into_iter());
        let text = masked_in("姓名由“王芳芳”变为“王芳”", &names);
        assert_eq!(text, "姓名由“王*”变为“王*”");
        for (name, shown) in [("张三", "张*"), ("Li Ming", "L*"), ("\"张三\"", "张*"), ("刘", "*")]
        {
            assert_eq!(masked(name), shown);
        }
    }

    #[test]
    fn keys_that_may_be_names_are_masked() {
        assert_eq!(Names::Masked.key("张三"), "张*");
        assert_eq!(Names::Masked.key("A000136"), "A000136");
        assert_eq!(Names::Shown.key("张三"), "张三");
    }
}
