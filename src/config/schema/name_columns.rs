//! Which columns of the snapshot tables hold names of people.

use std::collections::BTreeMap;

use super::resolved::Schema;
use crate::model::{Feed, may_be_name};

/// What a column of a snapshot table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Names of people.
    Names,
    /// Keys of records: it is declared as a reference.
    Keys,
    /// Neither.
    Others,
}

/// The columns of the snapshot tables, and what they hold as far as names of people go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameColumns(BTreeMap<(Feed, String), Holds>);

impl NameColumns {
    /// Those of a schema.
    pub fn of(schema: &Schema) -> NameColumns {
        let refers = |feed: Feed, field: &str| {
            schema.references.iter().any(|to| (to.feed, to.field.as_str()) == (feed, field))
        };
        let fields = |feed: Feed| {
            schema.feed(feed).fields.iter().map(move |field| {
                let holds = match field.person {
                    true => Holds::Names,
                    false if refers(feed, &field.name) => Holds::Keys,
                    false => Holds::Others,
                };
                ((feed, field.column.clone()), holds)
            })
        };
        NameColumns(Feed::ALL.into_iter().flat_map(fields).collect())
    }

    /// Whether a text of a column is to be masked. Of a column that the schema does not know nothing is known but the
    /// text: then it is one that may be a name. The same goes for a key that is none of a record.
    pub fn hides(
        &self,
        feed: Feed,
        column: &str,
        text: &str,
        is_key: impl FnOnce(&str) -> bool,
    ) -> bool {
        match self.holds(feed, column) {
            Some(Holds::Names) => true,
            Some(Holds::Keys) => may_be_name(text) && !is_key(text),
            Some(Holds::Others) => false,
            None => may_be_name(text),
        }
    }

    /// What a column holds; none if the schema does not know it.
    pub fn holds(&self, feed: Feed, column: &str) -> Option<Holds> {
        self.0.get(&(feed, column.to_owned())).copied()
    }

    /// Whether a column of this name refers to a record, in any feed.
    pub fn refers(&self, column: &str) -> bool {
        self.0.iter().any(|((_, name), holds)| name == column && *holds == Holds::Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hidden_and_of_unknown_columns_and_keys_of_no_record_what_may_be_one() {
        let columns = NameColumns::of(&Schema::builtin().unwrap());
        for (feed, column, text, hidden) in [
            (Feed::Agent, "agent_name", "张三", true),
            (Feed::Organ, "leader_name", "李四", true),
            (Feed::Organ, "organ_name", "河南分公司", false),
            (Feed::Agent, "remark", "张三", true),
            (Feed::Agent, "remark", "2024-11-22", false),
            (Feed::Agent, "recommend_by_agent_id", "张三", true),
            (Feed::Agent, "recommend_by_agent_id", "A000136", false),
            (Feed::Agent, "working_node_id", "known", false),
            (Feed::Organ, "leader_id", "李四", true),
        ] {
            assert_eq!(
                columns.hides(feed, column, text, |key| key == "known"),
                hidden,
                "{column}: {text}"
            );
        }
    }
}
