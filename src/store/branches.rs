//! Counts agents of the snapshot before by branch office, so that the gate sees when a whole branch vanishes.

use std::collections::{BTreeMap, HashMap};

use crate::config::schema::Schema;
use crate::model::Feed;

/// The level of the organs within which the gate looks for vanished agents: branch offices (分公司).
const BRANCH_LEVEL: i64 = 2;

/// Bounds the walk up the hierarchy, so that a delivered cycle ends; no real hierarchy of offices is as deep.
const MAX_STEPS: usize = 64;

/// An organ of level 2 and its agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The organ's id.
    pub organ: String,
    /// Agents that worked in it or below it in the snapshot before.
    pub before: u64,
    /// Those of them that the delivery no longer holds.
    pub gone: u64,
}

/// The branches of the snapshot before, or of a former delivery.
#[derive(Debug, Default)]
pub struct Branches {
    /// The organs of level 2, by id.
    list: Vec<Branch>,
    /// Position in `list` for every organ that is a branch or below one.
    of_organ: HashMap<String, u32>,
    /// The agents' column that names their organ.
    column: Option<String>,
    /// The organ looked up last, with its branch: agents are mostly sorted by organ.
    last: Option<(String, Option<u32>)>,
}

/// Parent and level of an organ.
pub type Organ = (Option<String>, Option<i64>);

/// The fields by which agents belong to branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchFields<'a> {
    /// The agents' field that names their organ.
    pub agent_organ: &'a str,
    /// The organs' field that names their parent.
    pub organ_parent: &'a str,
    /// The organs' field with their level.
    pub organ_level: &'a str,
}

impl BranchFields<'_> {
    /// Those of a schema; `None` if agents name no organ in it, or organs have no level.
    pub fn of(schema: &Schema) -> Option<BranchFields<'_>> {
        let link =
            schema.references.iter().find(|r| r.feed == Feed::Agent && r.target == Feed::Organ)?;
        let forest = schema.forests.iter().find(|f| f.feed == Feed::Organ && f.has_levels())?;
        let level = forest.level.as_ref()?;
        Some(BranchFields {
            agent_organ: &link.field,
            organ_parent: &forest.parent,
            organ_level: &level.field,
        })
    }
}

impl Branches {
    /// The branches among these organs.
    pub fn of(organs: &BTreeMap<String, Organ>) -> Branches {
        let mut branches = Branches::default();
        branches.group(organs);
        branches
    }

    /// The branches among these organs, whose agents name theirs in a column.
    pub(super) fn with_column(organs: &BTreeMap<String, Organ>, column: String) -> Branches {
        Branches { column: Some(column), ..Branches::of(organs) }
    }

    fn group(&mut self, organs: &BTreeMap<String, Organ>) {
        let mut position = BTreeMap::new();
        for (id, _) in organs.iter().filter(|(_, organ)| organ.1 == Some(BRANCH_LEVEL)) {
            position.insert(id.as_str(), self.list.len() as u32);
            self.list.push(Branch { organ: id.clone(), before: 0, gone: 0 });
        }
        for id in organs.keys() {
            let mut at = Some(id);
            for _ in 0..MAX_STEPS {
                let Some(organ) = at else { break };
                if let Some(branch) = position.get(organ.as_str()) {
                    self.of_organ.insert(id.clone(), *branch);
                    break;
                }
                at = organs.get(organ).and_then(|(parent, _)| parent.as_ref());
            }
        }
    }

    /// The agents' column that names their organ, if there are branches.
    pub(super) fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The branch of an organ. With `counted`, one agent of the snapshot before is counted there.
    pub fn branch_of(&mut self, organ: Option<&str>, counted: bool) -> Option<u32> {
        let organ = organ?;
        let branch = match &self.last {
            Some((last, branch)) if last == organ => *branch,
            _ => {
                let branch = self.of_organ.get(organ).copied();
                self.last = Some((organ.to_owned(), branch));
                branch
            }
        };
        if counted && let Some(branch) = branch.and_then(|at| self.list.get_mut(at as usize)) {
            branch.before += 1;
        }
        branch
    }

    /// Counts agents of the snapshot before in a branch.
    pub(super) fn count_before(&mut self, branch: Option<u32>, agents: u64) {
        if let Some(branch) = branch.and_then(|at| self.list.get_mut(at as usize)) {
            branch.before += agents;
        }
    }

    /// Counts an agent of the branch as removed.
    pub fn count_removed(&mut self, branch: Option<u32>) {
        if let Some(branch) = branch.and_then(|at| self.list.get_mut(at as usize)) {
            branch.gone += 1;
        }
    }

    /// The branches by id.
    pub fn list(&self) -> &[Branch] {
        &self.list
    }
}

/// The agents' column that names their organ, and of an organ the columns of its key, parent and level. None for a schema in
/// which agents name no organ, or organs have no level: it has no branches.
pub(super) fn columns(schema: &Schema) -> Option<(String, [String; 3])> {
    let column = |feed: Feed, field: &str| {
        let feed = schema.feed(feed);
        feed.position(field).and_then(|at| feed.fields.get(at)).map(|f| f.column.clone())
    };
    let fields = BranchFields::of(schema)?;
    let select = [
        schema.feed(Feed::Organ).key_field().column.clone(),
        column(Feed::Organ, fields.organ_parent)?,
        column(Feed::Organ, fields.organ_level)?,
    ];
    Some((column(Feed::Agent, fields.agent_organ)?, select))
}
