//! The rows of a company, in the order of their files.

use crate::model::Feed;

use super::company::Sink;
use super::roster::Roster;
use super::row::Row;

/// Writes all rows of the four feeds.
pub(super) fn write(roster: &Roster, sink: &mut dyn Sink) -> anyhow::Result<()> {
    let company = &roster.company;
    let mut row = Row::default();
    // What churn adds stands behind the others until it is put in its place.
    let mut offices: Vec<_> = company.offices.iter().collect();
    offices.sort_by(|a, b| a.id.cmp(&b.id));
    for office in offices {
        company.office_row(office, &mut row);
        sink.row(Feed::Organ, &row)?;
    }
    for position in 0..company.staff.len() as u64 {
        company.staff_row(position, &mut row);
        sink.row(Feed::Principal, &row)?;
    }
    let nodes = &company.teams.nodes;
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by(|a, b| nodes[*a].id.cmp(&nodes[*b].id));
    for position in order {
        roster.node_row(position, &mut row);
        sink.row(Feed::Node, &row)?;
    }
    for agent in 0..roster.len() {
        roster.agent_row(agent, &mut row);
        sink.row(Feed::Agent, &row)?;
    }
    Ok(())
}
