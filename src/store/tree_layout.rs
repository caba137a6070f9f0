//! The tables of the forests and their columns.

use crate::config::schema::ForestSchema;

/// Levels that have columns of their own, the top first. Deeper records stand in the paths only.
pub(super) const LEVELS: usize = 6;

/// The columns of a tree table of a forest with levels.
pub(super) const LEVEL_COLUMNS: [(&str, &str); 21] = [
    ("id", "text not null primary key"),
    ("parent_id", "text"),
    ("depth", "integer not null"),
    ("path", "text"),
    ("path_name", "text"),
    ("level_1_id", "text"),
    ("level_1_name", "text"),
    ("level_2_id", "text"),
    ("level_2_name", "text"),
    ("level_3_id", "text"),
    ("level_3_name", "text"),
    ("level_4_id", "text"),
    ("level_4_name", "text"),
    ("level_5_id", "text"),
    ("level_5_name", "text"),
    ("level_6_id", "text"),
    ("level_6_name", "text"),
    ("child_count", "integer not null"),
    ("descendant_count", "integer not null"),
    ("agent_count", "integer not null"),
    ("active_agent_count", "integer not null"),
];

/// The columns of a tree table of a forest without levels.
pub(super) const LINEAGE_COLUMNS: [(&str, &str); 7] = [
    ("id", "text not null primary key"),
    ("parent_id", "text"),
    ("root_id", "text not null"),
    ("depth", "integer not null"),
    ("child_count", "integer not null"),
    ("descendant_count", "integer not null"),
    ("active_descendant_count", "integer not null"),
];

/// Name of the table of a forest.
pub(super) fn tree_table(forest: &str) -> String {
    format!("{forest}_tree")
}

/// The columns of the table of a forest, with their types.
pub(super) fn tree_columns(forest: &ForestSchema) -> &'static [(&'static str, &'static str)] {
    if forest.has_levels() { &LEVEL_COLUMNS } else { &LINEAGE_COLUMNS }
}
