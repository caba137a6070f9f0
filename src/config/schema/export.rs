//! Resolves what a schema says of the delivered form of its data: texts without a value, forms of dates, words for
//! codes, lines that are no records.

use std::collections::BTreeMap;

use crate::config::dialect::{DatePattern, Dialect, Quotes, Trailer};
use crate::model::Message;

use super::error::SchemaError;
use super::json_cursor::{Cursor, quote};
use super::resolved::{DateForm, DateForms, Kind, TopMarkers};
use super::unread;

/// The members of a field that this file reads, and that have a prefix.
pub(super) const FIELD_KEYS: [&str; 3] = ["orgsnap:dateFormats", "orgsnap:noDate", "orgsnap:codes"];

/// Texts that mean no value (`missingValues`) of a field or a schema; the empty text always does.
pub(super) fn missing_values(cursor: &Cursor<'_>) -> Result<Option<Vec<String>>, SchemaError> {
    let Some(list) = cursor.get("missingValues")? else { return Ok(None) };
    let mut values = Vec::new();
    for entry in list.elements()? {
        // The standard also has entries with a label.
        let value = if entry.is_object() { entry.need("value")? } else { entry };
        if !value.is_empty_text() {
            values.push(value.text()?.trim().to_owned());
        }
    }
    Ok(Some(values))
}

/// The forms of a date field.
pub(super) fn date_forms(field: &Cursor<'_>) -> Result<DateForms, SchemaError> {
    let mut dates = DateForms::from(vec![DateForm::Iso]);
    if let Some(forms) = field.get("orgsnap:dateFormats")? {
        dates.forms = forms.elements()?.iter().map(date_form).collect::<Result<_, _>>()?;
        if dates.forms.is_empty() {
            return Err(forms
                .fail(Message::fixed("至少应有一种日期写法", "expected at least one date form")));
        }
    }
    if let Some(format) = field.get("format")?
        && format.text()? != "default"
    {
        let pattern = DatePattern::parse(format.text()?).ok_or_else(|| {
            format.fail(Message::fixed(
                "应为 \"default\"，或含 %Y、%m、%d 的写法，如 \"%d/%m/%Y\"",
                "expected \"default\" or a pattern with %Y, %m and %d, such as \"%d/%m/%Y\"",
            ))
        })?;
        dates.patterns.push(pattern);
    }
    dates.no_date = texts(field, "orgsnap:noDate")?;
    Ok(dates)
}

fn date_form(cursor: &Cursor<'_>) -> Result<DateForm, SchemaError> {
    const FORMS: [&str; 4] = ["YYYY-MM-DD", "YYYYMMDD", "YYYY/M/D", "YYYY-MM-DD HH:MM:SS"];
    match cursor.text()? {
        "YYYY-MM-DD" => Ok(DateForm::Iso),
        "YYYYMMDD" => Ok(DateForm::Compact),
        "YYYY/M/D" => Ok(DateForm::Slash),
        "YYYY-MM-DD HH:MM:SS" => Ok(DateForm::DateTime),
        other => Err(cursor.fail(Message::new(
            format!("应为 {} 之一，实为 \"{other}\"", quote(&FORMS)),
            format!("expected one of {}, found \"{other}\"", quote(&FORMS)),
        ))),
    }
}

/// The words of a field that stand for integers.
pub(super) fn codes(field: &Cursor<'_>, kind: &Kind) -> Result<BTreeMap<String, i64>, SchemaError> {
    let Some(codes) = field.get("orgsnap:codes")? else { return Ok(BTreeMap::new()) };
    if *kind != Kind::Integer {
        return Err(codes.fail(Message::fixed(
            "应为类型是 \"integer\" 的字段",
            "expected a field of type \"integer\"",
        )));
    }
    let mut words = BTreeMap::new();
    for (word, code) in codes.members()? {
        let plain = word.trim();
        if plain.is_empty() || words.insert(plain.to_owned(), code.integer()?).is_some() {
            return Err(code.fail(Message::fixed(
                "应为不为空、互不重复的词",
                "expected words that are not empty, each of them once",
            )));
        }
    }
    Ok(words)
}

/// What the resource says of the lines of its file (Table Dialect).
pub(super) fn dialect(resource: &Cursor<'_>) -> Result<Dialect, SchemaError> {
    let Some(cursor) = resource.get("dialect")? else { return Ok(Dialect::default()) };
    cursor.only("orgsnap:", &["orgsnap:skipLines", "orgsnap:trailer", "orgsnap:quotes"])?;
    unread::tell(&cursor, &unread::DIALECT)?;
    let mut dialect = Dialect::default();
    if let Some(lines) = cursor.get("orgsnap:skipLines")? {
        let number = usize::try_from(lines.integer()?).ok().filter(|n| *n <= 1000);
        dialect.skip_lines = number.ok_or_else(|| {
            lines.fail(Message::fixed("应为 0 到 1000 的数", "expected a number from 0 to 1000"))
        })?;
    }
    dialect.comment = cursor.text_of("commentChar")?.map(str::to_owned);
    if let Some(trailer) = cursor.get("orgsnap:trailer")? {
        let form = Trailer::parse(trailer.text()?).ok_or_else(|| {
            trailer.fail(Message::fixed(
                "应为文本，可含 {*} 和至多一个 {rows}，如 \"TRL|{rows}\"",
                "expected text with {rows} once at most and {*}, such as \"TRL|{rows}\"",
            ))
        })?;
        dialect.trailer = Some(form);
    }
    if let Some(quotes) = cursor.get("orgsnap:quotes")? {
        dialect.quotes = Quotes::from_name(quotes.text()?).ok_or_else(|| {
            quotes.fail(Message::new(
                format!("应为 {} 之一", quote(Quotes::WORDS)),
                format!("expected one of {}", quote(Quotes::WORDS)),
            ))
        })?;
    }
    Ok(dialect)
}

/// What stands in the parent's place of a top of a forest; `self` is the record's own key.
pub(super) fn top_markers(forest: &Cursor<'_>) -> Result<TopMarkers, SchemaError> {
    let (own, texts): (Vec<String>, Vec<String>) =
        texts(forest, "orgsnap:topMarkers")?.into_iter().partition(|text| text == "self");
    Ok(TopMarkers { texts, own_key: !own.is_empty() })
}

fn texts(cursor: &Cursor<'_>, name: &str) -> Result<Vec<String>, SchemaError> {
    let elements = cursor.elements_of(name)?;
    elements.iter().map(|element| Ok(element.text()?.trim().to_owned())).collect()
}
