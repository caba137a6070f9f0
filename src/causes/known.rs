//! What the search for causes looks at.

use std::collections::BTreeMap;

use crate::config::schema::Kind;
use crate::model::{Feed, PerFeed};

use super::before::Gone;
use super::places::Places;
use super::unknown::UnknownKeys;

/// What is known of the delivery and of the one before.
pub(super) struct Known<'k, 'd, 'a> {
    pub(super) places: &'k Places<'d, 'a>,
    pub(super) unknown: &'k UnknownKeys<'d>,
    pub(super) gone: &'k Gone<'k>,
    pub(super) unchanged: &'k PerFeed<bool>,
    pub(super) cut_off: &'k PerFeed<Option<u64>>,
    pub(super) lacking: PerFeed<bool>,
    pub(super) totals: &'k BTreeMap<&'static str, u64>,
}

/// Whether a key may be repeated in a sentence. What stands in its column may be a name that slipped into it.
pub(super) fn is_plain(key: &str) -> bool {
    key.is_ascii()
}

impl Known<'_, '_, '_> {
    /// Whether the delivery is refused because records are gone.
    pub(super) fn is_refused(&self) -> bool {
        self.lacking.iter().any(|lacking| *lacking)
    }

    /// Whether values of a field may be repeated in a sentence: codes, dates and keys may, names and other texts not.
    pub(super) fn is_shown(&self, feed: Feed, field: &str) -> bool {
        let schema = self.places.delivery.schema;
        let fields = &schema.feed(feed).fields;
        let typed = fields.iter().any(|f| f.name == field && f.kind != Kind::Text);
        typed || schema.references.iter().any(|r| r.feed == feed && r.field == field)
    }
}
