//! The four feeds of a delivery.

use std::fmt;

/// One of the four files of a delivery, named as its table in `org.db`.
///
/// The order is alphabetical by name: it is the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Agents (代理人), `temp_agent.txt`.
    Agent,
    /// Field teams (外勤区部组), `temp_base_node.txt`.
    Node,
    /// Office organisations (内勤机构), `temp_organization.txt`.
    Organ,
    /// Office staff (内勤人员), `temp_principal.txt`.
    Principal,
}

impl Feed {
    /// All feeds, in report order.
    pub const ALL: [Feed; 4] = [Feed::Agent, Feed::Node, Feed::Organ, Feed::Principal];

    /// The name in reports and the name of the snapshot table: `agent`, `node`, `organ`, `principal`.
    pub fn name(self) -> &'static str {
        match self {
            Feed::Agent => "agent",
            Feed::Node => "node",
            Feed::Organ => "organ",
            Feed::Principal => "principal",
        }
    }

    /// The Chinese word for the records of the feed.
    pub fn title_zh(self) -> &'static str {
        match self {
            Feed::Agent => "代理人",
            Feed::Node => "外勤区部组",
            Feed::Organ => "内勤机构",
            Feed::Principal => "内勤人员",
        }
    }

    /// The feed of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Feed> {
        Feed::ALL.into_iter().find(|f| f.name() == name)
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
