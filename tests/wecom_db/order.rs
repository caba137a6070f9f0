//! The state does not depend on the order of events of different objects nor on repeated deliveries, and it equals a
//! simple model that sorts the events of an object and applies them one after the other.

use std::collections::BTreeMap;

use orgsnap::wecom::store::rebuild;
use proptest::prelude::*;

use super::{open, rows, state, store_all};

/// Two persons (each under an id and the one it may be renamed to), a department, a tag, a customer, a group.
const OBJECTS: usize = 6;

/// A generated event: the object, the second, the action and a value.
#[derive(Debug, Clone)]
struct TestEvent {
    object: usize,
    second: u64,
    action: u8,
    value: u8,
}

fn test_events() -> impl Strategy<Value = Vec<TestEvent>> {
    let one = (0..OBJECTS, 0..4u64, 0..9u8, 0..4u8)
        .prop_map(|(object, second, action, value)| TestEvent { object, second, action, value });
    proptest::collection::vec(one, 1..24)
}

impl TestEvent {
    /// The id of the person that the event names: the first or the second.
    fn person(&self) -> String {
        format!("{}{}", if self.value < 2 { 'u' } else { 'v' }, self.object)
    }

    /// The text of the event; `serial`, a field that orgsnap ignores, makes it unique.
    fn body(&self, serial: usize) -> Vec<u8> {
        let v = self.value;
        let (event, fields) = match self.object {
            0 | 1 => {
                let id = self.person();
                let (change, more) = match self.action {
                    0 => {
                        ("create_user", format!("<Name>n{v}</Name><Department>1,{v}2</Department>"))
                    }
                    1 => ("create_user", String::new()),
                    2 => ("update_user", format!("<Name>n{v}</Name>")),
                    3 => ("update_user", "<Alias></Alias>".to_owned()),
                    4 => (
                        "update_user",
                        format!("<Alias>a{v}</Alias><IsLeaderInDept>1,0</IsLeaderInDept>"),
                    ),
                    5 => ("update_user", format!("<Department>1,{v}3</Department>")),
                    6 => ("delete_user", String::new()),
                    _ => ("update_user", format!("<NewUserID>v{}</NewUserID>", self.object)),
                };
                (
                    "change_contact",
                    format!("<ChangeType>{change}</ChangeType><UserID>{id}</UserID>{more}"),
                )
            }
            2 => {
                let (change, more) = match self.action % 3 {
                    0 => ("create_party", format!("<ParentId>{v}</ParentId>")),
                    1 => ("update_party", format!("<Name>n{v}</Name>")),
                    _ => ("delete_party", String::new()),
                };
                ("change_contact", format!("<ChangeType>{change}</ChangeType><Id>12</Id>{more}"))
            }
            3 => {
                let list =
                    if self.action.is_multiple_of(2) { "AddUserItems" } else { "DelUserItems" };
                let more = format!("<TagId>1</TagId><{list}>u0,v{}</{list}>", v % 2);
                ("change_contact", format!("<ChangeType>update_tag</ChangeType>{more}"))
            }
            4 => {
                let change = [
                    "add_external_contact",
                    "add_half_external_contact",
                    "edit_external_contact",
                    "del_external_contact",
                    "del_follow_user",
                    "transfer_fail",
                ][usize::from(self.action) % 6];
                let ids = "<UserID>u0</UserID><ExternalUserID>c</ExternalUserID>";
                let more = if v == 0 { "<State>s</State>" } else { "" };
                ("change_external_contact", format!("<ChangeType>{change}</ChangeType>{ids}{more}"))
            }
            _ => {
                let (change, more) = match self.action % 4 {
                    0 => ("create", String::new()),
                    1 => (
                        "update",
                        format!(
                            "<UpdateDetail>add_member</UpdateDetail><MemChangeList>m{v},m9</MemChangeList>"
                        ),
                    ),
                    2 => (
                        "update",
                        format!(
                            "<UpdateDetail>del_member</UpdateDetail><MemChangeList><Item>m{v}</Item></MemChangeList>"
                        ),
                    ),
                    _ => ("dismiss", String::new()),
                };
                (
                    "change_external_chat",
                    format!("<ChangeType>{change}</ChangeType><ChatId>g</ChatId>{more}"),
                )
            }
        };
        let time = 1_403_610_513 + self.second;
        format!("<xml><CreateTime>{time}</CreateTime><Event>{event}</Event>{fields}<N>{serial}</N></xml>")
            .into_bytes()
    }
}

/// Another arrival order that keeps the order within each object, with some events delivered again later.
fn shuffled(events: &[(usize, Vec<u8>)], picks: &[u8]) -> Vec<Vec<u8>> {
    let mut waiting: Vec<std::collections::VecDeque<&Vec<u8>>> = vec![Default::default(); OBJECTS];
    for (object, body) in events {
        waiting[*object].push_back(body);
    }
    let mut order = Vec::new();
    let mut picks = picks.iter().cycle();
    while waiting.iter().any(|queue| !queue.is_empty()) {
        waiting.retain(|queue| !queue.is_empty());
        let pick = usize::from(*picks.next().unwrap());
        let at = pick % waiting.len();
        order.extend(waiting[at].pop_front().cloned());
        if pick.is_multiple_of(5) {
            order.push(order[pick % order.len()].clone());
        }
    }
    order
}

/// A person in the model.
#[derive(Debug, Clone, Default)]
struct Person {
    name: Option<String>,
    alias: Option<String>,
    departments: Vec<(String, Option<bool>)>,
    created: Option<u64>,
    deleted: Option<u64>,
    renamed_to: Option<String>,
}

fn apply(people: &mut BTreeMap<String, Person>, event: &TestEvent) {
    let v = event.value;
    let mut id = event.person();
    if event.action > 1 {
        while let Some(next) = people.get(&id).and_then(|person| person.renamed_to.clone()) {
            id = next;
        }
    }
    let person = people.entry(id.clone()).or_default();
    let move_to = |person: &mut Person, now: Vec<String>| {
        let led: BTreeMap<String, Option<bool>> = person.departments.drain(..).collect();
        person.departments =
            now.into_iter().map(|d| (d.clone(), led.get(&d).copied().flatten())).collect();
    };
    if event.action != 6 {
        person.deleted = None;
    }
    match event.action {
        0 | 1 => {
            *person = Person { created: Some(event.second), ..Person::default() };
            if event.action == 0 {
                person.name = Some(format!("n{v}"));
                person.departments = vec![("1".to_owned(), None), (format!("{v}2"), None)];
            }
        }
        2 => person.name = Some(format!("n{v}")),
        3 => person.alias = Some(String::new()),
        4 => {
            person.alias = Some(format!("a{v}"));
            if person.departments.len() == 2 {
                person.departments[0].1 = Some(true);
                person.departments[1].1 = Some(false);
            }
        }
        5 => move_to(person, vec!["1".to_owned(), format!("{v}3")]),
        6 => {
            person.deleted = Some(event.second);
            person.departments.clear();
        }
        _ => {
            let new = format!("v{}", event.object);
            // An event that already names the new id changes nothing.
            if new != id && new != event.person() {
                let old = person.clone();
                person.departments.clear();
                person.renamed_to = Some(new.clone());
                person.deleted = Some(event.second);
                let target = people.entry(new).or_default();
                if target.deleted.is_some() {
                    *target = Person::default();
                }
                let before = std::mem::take(target);
                *target = Person {
                    name: before.name.or(old.name),
                    alias: before.alias.or(old.alias),
                    departments: if before.departments.is_empty() {
                        old.departments
                    } else {
                        before.departments
                    },
                    created: before.created.or(old.created),
                    deleted: None,
                    renamed_to: None,
                };
            }
        }
    }
}

/// The rows of `member` and `member_department` that the model expects.
fn expected(events: &[TestEvent]) -> (Vec<String>, Vec<String>) {
    let mut people = BTreeMap::new();
    for object in 0..2 {
        let mut own: Vec<&TestEvent> = events.iter().filter(|e| e.object == object).collect();
        own.sort_by_key(|event| event.second);
        own.iter().for_each(|event| apply(&mut people, event));
    }
    let (mut members, mut departments) = (Vec::new(), Vec::new());
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let time = |value: Option<u64>| {
        value.map_or("-".to_owned(), |s| format!("2014-06-24T11:48:{}Z", 33 + s))
    };
    for (id, p) in &people {
        members.push(format!(
            "r=\"{id} {} {} {} {} {}\"",
            text(&p.name),
            text(&p.alias),
            time(p.created),
            time(p.deleted),
            text(&p.renamed_to)
        ));
        for (department, leads) in &p.departments {
            let leads = leads.map_or("-".to_owned(), |leads| u8::from(leads).to_string());
            departments.push(format!("r=\"{id} {department} {leads}\""));
        }
    }
    departments.sort();
    (members, departments)
}

const MEMBERS: &str = "select user_id || ' ' || coalesce(name, '-') || ' ' || coalesce(alias, '-') || ' ' || \
     coalesce(created_at, '-') || ' ' || coalesce(deleted_at, '-') || ' ' || coalesce(renamed_to, '-') as r \
     from member order by user_id";

const DEPARTMENTS: &str = "select user_id || ' ' || department_id || ' ' || coalesce(is_leader, '-') as r \
     from member_department order by 1";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn state_is_independent_of_the_order_between_objects(
        generated in test_events(),
        picks in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let events: Vec<(usize, Vec<u8>)> =
            generated.iter().enumerate().map(|(at, h)| (h.object, h.body(at))).collect();
        let straight: Vec<Vec<u8>> = events.iter().map(|(_, body)| body.clone()).collect();
        let mut states = Vec::new();
        for bodies in [straight, shuffled(&events, &picks)] {
            let dir = tempfile::tempdir().unwrap();
            store_all(dir.path(), &bodies).unwrap();
            let conn = open(dir.path());
            let own = state(&conn, false);
            states.push(state(&conn, true));
            let (members, departments) = expected(&generated);
            prop_assert_eq!(rows(&conn, MEMBERS), members);
            prop_assert_eq!(rows(&conn, DEPARTMENTS), departments);
            // A rebuild from the whole history gives the same state as event by event.
            let rebuilt = rebuild(dir.path()).unwrap();
            prop_assert_eq!(state(&conn, false), own);
            prop_assert_eq!((rebuilt.removed, rebuilt.failed), (0, 0));
        }
        prop_assert_eq!(&states[0], &states[1]);
    }
}
