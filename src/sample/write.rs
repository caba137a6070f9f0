//! The rows of a company, in the order of their files.

use crate::model::Feed;

use super::company::{Company, Sink};
use super::roster::Roster;
use super::row::Row;

/// Writes all rows of the four feeds.
pub(super) fn write(company: &Company, sink: &mut dyn Sink) -> anyhow::Result<()> {
    let mut row = Row::default();
    for office in &company.offices {
        company.office_row(office, &mut row);
        sink.row(Feed::Organ, &row)?;
    }
    for office in &company.offices {
        for nth in 0..office.staff {
            company.staff_row(office, nth, &mut row);
            sink.row(Feed::Principal, &row)?;
        }
    }
    let mut roster = Roster::new(company);
    for position in 0..company.teams.nodes.len() {
        roster.node_row(position, &mut row);
        sink.row(Feed::Node, &row)?;
    }
    while roster.agent_row(&mut row) {
        sink.row(Feed::Agent, &row)?;
    }
    Ok(())
}
