//! Which delivered texts of a finding are names of people, so that reports can mask them.

use crate::config::schema::Schema;
use crate::model::{Feed, Finding, may_be_name};
use crate::propose;

/// Tells names of people by the schema.
#[derive(Clone, Copy)]
pub(super) struct PersonNames<'s> {
    pub(super) schema: &'s Schema,
}

impl PersonNames<'_> {
    /// Whether a cell of a field, by its position, is the name of a person. Besides the fields that hold such names, any
    /// cell of an id, a number or a date can be one, because columns get moved.
    pub(super) fn is_name(self, feed: Feed, field: usize, cell: &str) -> bool {
        let field = &self.schema.feed(feed).fields[field];
        if field.person {
            return !cell.trim().is_empty();
        }
        may_be_name(cell) && !self.names_a_place(feed, &field.name) && !propose::is_known(cell)
    }

    /// Whether a field holds names of organisations or teams.
    fn names_a_place(self, feed: Feed, field: &str) -> bool {
        let copies = &self.schema.copies;
        copies.iter().any(|copy| {
            (copy.feed, copy.field.as_str()) == (feed, field)
                || (copy.target, copy.target_field.as_str()) == (feed, field)
        })
    }

    /// Notes in a finding which of its texts are names of people, or may be.
    pub(super) fn note(self, finding: &mut Finding) {
        let field = finding.field.as_deref();
        let position = field.and_then(|field| self.schema.feed(finding.feed).position(field));
        let is_value = |value: &str| match position {
            Some(position) => self.is_name(finding.feed, position, value),
            None => may_be_name(value),
        };
        let key = |key: &str| may_be_name(key) && !propose::is_known(key);
        let related = finding.related.iter().map(|other| other.key.as_str()).filter(|k| key(k));
        let texts = finding.value.as_deref().filter(|value| is_value(value)).into_iter();
        let texts = texts.chain(finding.key.as_deref().filter(|k| key(k))).chain(related);
        // Messages have them without the white space around.
        let texts: Vec<String> = texts.map(|text| crate::parse::trim(text).to_owned()).collect();
        finding.names.extend(texts);
    }
}
