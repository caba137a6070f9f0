//! The rows of one derived forest, ready to be stored.

/// A derived forest, one entry a record, sorted by id.
///
/// Shape: every list has as many entries as `ids`. Positions are positions in `ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRows<'a> {
    /// The records' keys, strictly ascending by their bytes.
    pub ids: Vec<&'a str>,
    /// Position of the parent; none for a top and for a record whose edge was left out.
    pub parent: Vec<Option<u32>>,
    /// Edges up to the top: 0 for a top.
    pub depth: Vec<u32>,
    /// Records right below.
    pub child_count: Vec<u32>,
    /// Records below, at any depth, the record itself not counted.
    pub descendant_count: Vec<u32>,
    /// What else is counted, which decides the columns of the table.
    pub sums: TreeSums<'a>,
}

/// The part of a forest's rows that depends on whether its records have levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeSums<'a> {
    /// Records on levels (offices, teams): short paths, with people in them. Paths and the columns of the levels are
    /// made from parents and names when the rows are stored.
    Levels {
        /// The records' names; none where a record has none.
        names: Vec<Option<&'a str>>,
        /// Agents that work in the record or below it.
        agent_count: Vec<u32>,
        /// Those of them that are active.
        active_agent_count: Vec<u32>,
    },
    /// Records without levels (recruiters, mentors): long chains, named by their top.
    Lineage {
        /// Position of the top; its own position for a top.
        root: Vec<u32>,
        /// Active records below, the record itself not counted.
        active_descendant_count: Vec<u32>,
    },
}
