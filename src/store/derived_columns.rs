//! Which columns of a feed the derived tables are made of. They are named by the contract; what a job's own schema lacks
//! is left out.

use std::sync::Arc;

use crate::config::schema::Schema;
use crate::events::{EventKind, EventRule, Meaning, Subject};
use crate::headcount::Group;
use crate::model::Feed;
use crate::store::dates::IsoDates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::feed_table::FeedTable;

/// The fields of the contract by which agents are counted: organisation, channel, status.
pub(super) const COUNTED_BY: [&str; 3] = ["workingOrganId", "channel", "agentStatus"];

/// The fields of agents that have a meaning of their own for events.
const AGENT: [(&str, Meaning); 7] = [
    ("agentStatus", Meaning::Status),
    ("leaveCompanyDate", Meaning::LeaveDate),
    ("workingOrganId", Meaning::Organ),
    ("workingNodeId", Meaning::Place),
    ("agentGradeLevel", Meaning::Own(EventKind::Regraded)),
    ("agentName", Meaning::Own(EventKind::Renamed)),
    ("recommendByAgentId", Meaning::Own(EventKind::RecruiterChanged)),
];

/// The fields of teams that have one.
const NODE: [(&str, Meaning); 5] = [
    ("work", Meaning::Status),
    ("organId", Meaning::Organ),
    ("parentNodeId", Meaning::Place),
    ("agentId", Meaning::Own(EventKind::LeaderChanged)),
    ("nodeName", Meaning::Own(EventKind::Renamed)),
];

/// Columns of one feed, and what is made of them.
#[derive(Debug)]
pub(super) struct DerivedColumns {
    /// The columns, each with the schema's field that fills it.
    pub columns: Vec<(String, Option<usize>)>,
    /// How events are told of them.
    pub events: Option<EventRule>,
    /// Positions in `columns` of what agents are counted by, if these are the agents.
    pub counted_by: Option<[Option<usize>; 3]>,
    /// Whether the only column is the parent in the hierarchy of organisations.
    pub is_hierarchy: bool,
}

impl DerivedColumns {
    /// Those of one feed.
    pub(super) fn new(schema: &Schema, table: &FeedTable) -> DerivedColumns {
        let feed = table.feed;
        let meanings: &[(&str, Meaning)] = match feed {
            Feed::Agent => &AGENT,
            Feed::Node => &NODE,
            Feed::Organ => return DerivedColumns::hierarchy(schema, table),
            Feed::Principal => return DerivedColumns::none(),
        };
        let field = |at: Option<usize>| at.and_then(|at| table.fields().get(at));
        let is_copy = |at: Option<usize>| {
            let copies = schema.copies.iter().filter(|copy| copy.feed == feed);
            field(at).is_some_and(|name| copies.into_iter().any(|copy| copy.field == *name))
        };
        let meaning = |at: Option<usize>| {
            let own = meanings.iter().find(|(name, _)| field(at).is_some_and(|f| f == name));
            own.map_or(Meaning::Content, |(_, meaning)| *meaning)
        };
        let content = table.content();
        let columns: Vec<(String, Option<usize>)> = content
            .filter(|(column, at)| *column != table.key && !is_copy(*at))
            .map(|(column, at)| (column.to_owned(), at))
            .collect();
        let subject = if feed == Feed::Agent { Subject::Agent } else { Subject::Node };
        let told = columns.iter().map(|(column, at)| (column.clone(), meaning(*at)));
        let rule = EventRule::new(subject, told.collect());
        let position =
            |name: &str| columns.iter().position(|(_, at)| field(*at).is_some_and(|f| f == name));
        let counted_by = (feed == Feed::Agent).then(|| COUNTED_BY.map(position));
        DerivedColumns { columns, events: Some(rule), counted_by, is_hierarchy: false }
    }

    fn hierarchy(schema: &Schema, table: &FeedTable) -> DerivedColumns {
        let parent = parent_column(schema);
        let columns = table.content().filter(|(column, _)| Some(*column) == parent);
        let columns: Vec<_> = columns.map(|(column, at)| (column.to_owned(), at)).collect();
        let is_hierarchy = !columns.is_empty();
        DerivedColumns { columns, is_hierarchy, ..DerivedColumns::none() }
    }

    fn none() -> DerivedColumns {
        DerivedColumns { columns: Vec::new(), events: None, counted_by: None, is_hierarchy: false }
    }

    /// The cells of a delivered row.
    pub(super) fn delivered(
        &self,
        delivery: &DeliveredRows<'_>,
        row: usize,
        dates: &mut IsoDates,
    ) -> Vec<Option<String>> {
        self.columns.iter().map(|(_, field)| delivery.cell(*field, row, dates)).collect()
    }

    /// The group in which a version of an agent is counted.
    pub(super) fn group(&self, cells: &[Option<String>]) -> Option<Group> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)?.as_deref());
        let [organ, channel, status] =
            self.counted_by?.map(|at| Arc::from(cell(at).unwrap_or_default()));
        Some(Group { organ, channel, status })
    }
}

/// The table of the events of a feed and its column for the place of a record, if events are told of it.
pub(super) fn event_table(feed: Feed) -> Option<(&'static str, &'static str)> {
    match feed {
        Feed::Agent => Some(("agent_event", "node_id")),
        Feed::Node => Some(("node_event", "parent_id")),
        Feed::Organ | Feed::Principal => None,
    }
}

/// The column that names the parent of an organisation.
pub(super) fn parent_column(schema: &Schema) -> Option<&str> {
    let forest = schema.forests.iter().find(|f| f.feed == Feed::Organ && f.has_levels())?;
    let organ = schema.feed(Feed::Organ);
    organ.position(&forest.parent).and_then(|at| organ.fields.get(at)).map(|f| f.column.as_str())
}
