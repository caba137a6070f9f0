//! S: what became of the records of the snapshot before.

mod agents_below;
mod changed;
pub(in crate::rules) mod s801_active_agent_vanished;
pub(in crate::rules) mod s802_identity_changed;
pub(in crate::rules) mod s803_rejoined;
pub(in crate::rules) mod s804_organ_moved;
pub(in crate::rules) mod s805_node_moved;

use crate::config::schema::Schema;
use crate::model::Feed;
use crate::trees::{WORKING_NODE, WORKING_ORGAN};

/// The fields of the snapshot before that the rules of the group compare, and those that say what a record was called
/// and where it stood.
pub fn fields_of_previous(schema: &Schema, feed: Feed) -> Vec<&'static str> {
    let fields: &[&'static str] = match feed {
        Feed::Agent => {
            &["agentName", "agentStatus", "gender", "enterCompanyDate", WORKING_NODE, WORKING_ORGAN]
        }
        Feed::Node => &["nodeName", "parentNodeId", "organId"],
        Feed::Organ => &["organName", "parentId"],
        Feed::Principal => &["organId"],
    };
    let known = |field: &&&str| schema.feed(feed).position(field).is_some();
    fields.iter().filter(known).copied().collect()
}
