//! What of the enterprise can be seen, and whether that is less than before. Pure.
//!
//! A list comes back short where the visible scope was narrowed, and looks as if all others had left.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Message;

/// The part of the enterprise that the secret sees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Departments of which the one above is not visible.
    pub tops: BTreeSet<u64>,
    /// Number of departments that are visible.
    pub departments: u64,
    /// Members listed.
    pub members: u64,
    /// The application whose secret it is, if it is one with a number, and the departments that it may see.
    pub application: Option<(u64, BTreeSet<u64>)>,
}

/// The departments that are visible now: each with the one above it.
pub type Departments = BTreeMap<u64, u64>;

/// Why less is visible than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrowed {
    /// No member is visible at all.
    Nobody,
    /// The list of members is shorter by more than a fifth.
    Members {
        /// Members of the last check.
        before: u64,
        /// Members now.
        now: u64,
    },
    /// There are fewer departments by more than a fifth.
    Departments {
        /// Departments of the last check.
        before: u64,
        /// Departments now.
        now: u64,
    },
    /// Departments that were at the top of what is visible no longer are visible, and no callback told that they were deleted.
    Tops(Vec<u64>),
    /// The application may no longer see these departments.
    Application {
        /// Its number.
        agent_id: u64,
        /// The departments.
        departments: Vec<u64>,
    },
}

impl Scope {
    /// What is visible.
    pub fn of(
        departments: &Departments,
        members: u64,
        application: Option<(u64, BTreeSet<u64>)>,
    ) -> Scope {
        let tops = departments.iter().filter(|(_, above)| !departments.contains_key(above));
        Scope {
            tops: tops.map(|(id, _)| *id).collect(),
            departments: departments.len() as u64,
            members,
            application,
        }
    }

    /// Why this is less than `before`, if it is. `deleted` are departments of which callbacks told that they were deleted.
    pub fn narrowed(
        &self,
        before: Option<&Scope>,
        departments: &Departments,
        deleted: &BTreeSet<u64>,
    ) -> Option<Narrowed> {
        if self.members == 0 {
            return Some(Narrowed::Nobody);
        }
        let before = before?;
        let gone = |id: &&u64| !departments.contains_key(id) && !deleted.contains(id);
        let tops: Vec<u64> = before.tops.iter().filter(gone).copied().collect();
        if !tops.is_empty() {
            return Some(Narrowed::Tops(tops));
        }
        if let (Some((agent_id, then)), Some((same, now))) =
            (&before.application, &self.application)
            && agent_id == same
        {
            let hidden = |id: &&u64| !deleted.contains(id) && !covers(now, departments, **id);
            let hidden: Vec<u64> = then.iter().filter(hidden).copied().collect();
            if !hidden.is_empty() {
                return Some(Narrowed::Application { agent_id: *agent_id, departments: hidden });
            }
        }
        if shrank(before.departments, self.departments) {
            return Some(Narrowed::Departments {
                before: before.departments,
                now: self.departments,
            });
        }
        match shrank(before.members, self.members) {
            true => Some(Narrowed::Members { before: before.members, now: self.members }),
            false => None,
        }
    }
}

/// Whether a department, or one above it, is among these.
fn covers(scope: &BTreeSet<u64>, departments: &Departments, id: u64) -> bool {
    let mut at = id;
    // The departments come from outside: there may be a circle.
    for _ in 0..=departments.len() {
        if scope.contains(&at) {
            return true;
        }
        match departments.get(&at) {
            Some(above) => at = *above,
            None => return false,
        }
    }
    false
}

/// By more than 20 %.
fn shrank(before: u64, now: u64) -> bool {
    before.saturating_sub(now).saturating_mul(5) > before
}

impl Narrowed {
    /// Whether it may be a true change: every enterprise has a member.
    pub fn may_be_true(&self) -> bool {
        *self != Narrowed::Nobody
    }

    /// What is less, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let (zh_if_true, en_if_true) = match self.may_be_true() {
            true => (
                "；确属真实变化时，请执行一次 orgsnap wecom reconcile --accept-smaller",
                "; if it is a true change, run orgsnap wecom reconcile once with --accept-smaller",
            ),
            false => ("", ""),
        };
        let listed = |ids: &[u64], between: &str| {
            let mut shown: Vec<String> = ids.iter().take(10).map(u64::to_string).collect();
            if ids.len() > 10 {
                shown.push("...".to_owned());
            }
            shown.join(between)
        };
        let departments_of = |ids: &[u64]| match ids {
            [id] => format!("department {id}"),
            ids => format!("departments {}", listed(ids, ", ")),
        };
        let (zh, en) = match self {
            Narrowed::Nobody => {
                ("企业微信返回的成员列表为空".to_owned(), "WeCom lists no member at all".to_owned())
            }
            Narrowed::Members { before, now } => (
                format!("成员列表由 {before} 人减少到 {now} 人，降幅超过 20%"),
                format!("the list of members shrank from {before} to {now}, by more than 20 %"),
            ),
            Narrowed::Departments { before, now } => (
                format!("可见部门由 {before} 个减少到 {now} 个，降幅超过 20%"),
                format!("the visible departments shrank from {before} to {now}, by more than 20 %"),
            ),
            Narrowed::Tops(ids) => (
                format!("部门 {} 上次可见，现在不可见", listed(ids, "、")),
                format!("no longer visible, as they were before: {}", departments_of(ids)),
            ),
            Narrowed::Application { agent_id, departments } => (
                format!("应用 {agent_id} 的可见范围不再包含部门 {}", listed(departments, "、")),
                format!(
                    "the visible scope of application {agent_id} no longer has {}",
                    departments_of(departments)
                ),
            ),
        };
        Message::new(
            format!(
                "{zh}；核对结果未作改动。请在企业微信管理后台检查所用应用（或通讯录同步）的可见范围{zh_if_true}"
            ),
            format!(
                "{en}; no difference was changed: check in WeCom's console what the application (or the contacts' \
                 synchronisation) may see{en_if_true}"
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departments(pairs: &[(u64, u64)]) -> Departments {
        pairs.iter().copied().collect()
    }

    #[test]
    fn a_scope_is_narrower_if_a_top_is_out_of_sight_and_was_not_deleted() {
        let whole = departments(&[(1, 0), (2, 1), (3, 1), (4, 2)]);
        let before = Scope::of(&whole, 100, None);
        assert_eq!(before.tops, [1].into());
        let narrowed = |now: &[(u64, u64)], members, deleted: &[u64]| {
            let now = departments(now);
            let deleted = deleted.iter().copied().collect();
            Scope::of(&now, members, None).narrowed(Some(&before), &now, &deleted)
        };
        assert_eq!(narrowed(&[(1, 0), (2, 1), (3, 1), (4, 2)], 80, &[]), None);
        assert_eq!(
            narrowed(&[(1, 0), (2, 1), (3, 1), (4, 2)], 79, &[]),
            Some(Narrowed::Members { before: 100, now: 79 })
        );
        assert_eq!(narrowed(&[(2, 1), (4, 2)], 100, &[]), Some(Narrowed::Tops(vec![1])));
        assert_eq!(
            narrowed(&[(1, 0), (2, 1), (3, 1)], 100, &[]),
            Some(Narrowed::Departments { before: 4, now: 3 })
        );
        assert_eq!(narrowed(&[], 0, &[1]), Some(Narrowed::Nobody));
        let parts = departments(&[(2, 1), (3, 1)]);
        let before = Scope::of(&parts, 100, None);
        // The whole is more than two parts of it, and a department that was deleted is not out of sight.
        assert_eq!(Scope::of(&whole, 100, None).narrowed(Some(&before), &whole, &[].into()), None);
        let one = departments(&[(2, 1), (5, 2)]);
        let now = Scope::of(&one, 100, None);
        assert_eq!(now.narrowed(Some(&before), &one, &[3].into()), None);
        assert_eq!(now.narrowed(Some(&before), &one, &[].into()), Some(Narrowed::Tops(vec![3])));
    }

    #[test]
    fn one_department_is_told_as_one_and_several_as_several() {
        let said = |narrowed: Narrowed| narrowed.message().en.into_owned();
        let application = |departments| said(Narrowed::Application { agent_id: 7, departments });
        for (found, expected) in [
            (said(Narrowed::Tops(vec![1])), "before: department 1;"),
            (said(Narrowed::Tops(vec![1, 2])), "before: departments 1, 2;"),
            (application(vec![1]), "no longer has department 1;"),
            (application(vec![3, 4]), "no longer has departments 3, 4;"),
        ] {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn an_applications_scope_is_narrower_if_neither_a_department_nor_one_above_it_is_left() {
        let whole = departments(&[(1, 0), (2, 1), (3, 1), (4, 2)]);
        let scope = |parties: &[u64]| {
            Scope::of(&whole, 100, Some((1_000_002, parties.iter().copied().collect())))
        };
        let narrowed = |before: &[u64], now: &[u64]| {
            scope(now).narrowed(Some(&scope(before)), &whole, &[].into())
        };
        assert_eq!(narrowed(&[2, 3], &[1]), None);
        assert_eq!(narrowed(&[4], &[2]), None);
        assert_eq!(
            narrowed(&[2, 3], &[4, 3]),
            Some(Narrowed::Application { agent_id: 1_000_002, departments: vec![2] })
        );
        // A circle ends, too.
        let circle = departments(&[(2, 3), (3, 2)]);
        let before = Scope::of(&circle, 1, Some((1, [2].into())));
        let now = Scope::of(&circle, 1, Some((1, [7].into())));
        assert!(now.narrowed(Some(&before), &circle, &[].into()).is_some());
    }
}
