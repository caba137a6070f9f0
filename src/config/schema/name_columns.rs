//! Which columns of the snapshot tables hold names of people.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::resolved::Schema;
use crate::model::{Feed, may_be_name};

/// The columns of the snapshot tables, and which of them hold names of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameColumns(BTreeMap<(Feed, String), bool>);

impl NameColumns {
    /// Those of a schema.
    pub fn of(schema: &Schema) -> NameColumns {
        let fields = |feed: Feed| {
            let fields = &schema.feed(feed).fields;
            fields.iter().map(move |field| ((feed, field.column.clone()), field.person))
        };
        NameColumns(Feed::ALL.into_iter().flat_map(fields).collect())
    }

    /// Whether a text of a column is to be masked. Of a column that the schema does not know nothing is known but the
    /// text: then it is one that may be a name.
    pub fn hides(&self, feed: Feed, column: &str, text: &str) -> bool {
        self.holds_names(feed, column).unwrap_or_else(|| may_be_name(text))
    }

    /// Whether a column holds names; none if the schema does not know it.
    pub fn holds_names(&self, feed: Feed, column: &str) -> Option<bool> {
        self.0.get(&(feed, column.to_owned())).copied()
    }

    /// The text as it may be shown, by how a name is masked.
    pub fn shown<'t>(
        &self,
        feed: Feed,
        column: &str,
        text: &'t str,
        mask: fn(&str) -> String,
    ) -> Cow<'t, str> {
        match self.hides(feed, column, text) {
            true => Cow::Owned(mask(text)),
            false => Cow::Borrowed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_names_are_hidden_and_of_unknown_columns_what_may_be_one() {
        let columns = NameColumns::of(&Schema::builtin().unwrap());
        for (feed, column, text, hidden) in [
            (Feed::Agent, "agent_name", "张三", true),
            (Feed::Organ, "leader_name", "李四", true),
            (Feed::Organ, "organ_name", "河南分公司", false),
            (Feed::Agent, "remark", "张三", true),
            (Feed::Agent, "remark", "2024-11-22", false),
        ] {
            assert_eq!(columns.hides(feed, column, text), hidden, "{column}: {text}");
        }
    }
}
