//! Generated events, and a naive model of the state over maps: all events sorted, applied one after the other.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Ids that members have, and get by renames.
const IDS: [&str; 4] = ["u", "v", "w", "x"];

/// A generated event: what it is about, its second, what happens, to whom, and a value.
#[derive(Debug, Clone)]
pub(super) struct TestEvent {
    /// A member, a department, a tag, a customer, a group.
    pub(super) object: u8,
    pub(super) second: u64,
    pub(super) action: u8,
    pub(super) subject: u8,
    pub(super) value: u8,
    /// A field that orgsnap ignores; it makes the text unique.
    pub(super) serial: usize,
}

const CONTACT: [&str; 6] = [
    "add_external_contact",
    "add_half_external_contact",
    "edit_external_contact",
    "del_external_contact",
    "del_follow_user",
    "transfer_fail",
];

impl TestEvent {
    fn id(&self) -> &'static str {
        IDS[usize::from(self.subject)]
    }

    fn other(&self) -> &'static str {
        IDS[usize::from(self.value)]
    }

    /// Whether it is a rename: to an id that is not its own.
    fn renames(&self) -> bool {
        self.object == 0 && self.action > 6 && self.id() != self.other()
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let (v, id) = (self.value, self.id());
        let (event, fields) = match self.object {
            0 => {
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
                    _ => ("update_user", format!("<NewUserID>{}</NewUserID>", self.other())),
                };
                (
                    "change_contact",
                    format!("<ChangeType>{change}</ChangeType><UserID>{id}</UserID>{more}"),
                )
            }
            1 => {
                let (change, more) = match self.action % 3 {
                    0 => ("create_party", format!("<ParentId>{v}</ParentId>")),
                    1 => ("update_party", format!("<Name>n{v}</Name>")),
                    _ => ("delete_party", String::new()),
                };
                ("change_contact", format!("<ChangeType>{change}</ChangeType><Id>12</Id>{more}"))
            }
            2 => {
                let list =
                    if self.action.is_multiple_of(2) { "AddUserItems" } else { "DelUserItems" };
                let more = format!("<TagId>1</TagId><{list}>{id},{}</{list}>", self.other());
                ("change_contact", format!("<ChangeType>update_tag</ChangeType>{more}"))
            }
            3 => {
                let change = CONTACT[usize::from(self.action) % 6];
                let ids = format!("<UserID>{id}</UserID><ExternalUserID>c</ExternalUserID>");
                let more = if v < 2 { format!("<State>s{v}</State>") } else { String::new() };
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
        let (time, serial) = (1_403_610_513 + self.second, self.serial);
        format!("<xml><CreateTime>{time}</CreateTime><Event>{event}</Event>{fields}<N>{serial}</N></xml>")
            .into_bytes()
    }

    /// The place within its second: announced, begun, changed, renamed, ended.
    fn rank(&self) -> u8 {
        match self.object {
            0 => match self.action {
                0 | 1 => 1,
                6 => 4,
                _ if self.renames() => 3,
                _ => 2,
            },
            1 => [1, 2, 4][usize::from(self.action) % 3],
            2 => 2,
            3 => [1, 0, 2, 4, 4, 2][usize::from(self.action) % 6],
            _ => [1, 2, 2, 4][usize::from(self.action) % 4],
        }
    }
}

/// The row of a member's id.
#[derive(Debug, Clone, Default)]
struct Member {
    name: Option<String>,
    alias: Option<String>,
    departments: Vec<(String, Option<bool>)>,
    created: Option<u64>,
    deleted: Option<u64>,
    renamed_to: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
struct Contact {
    status: &'static str,
    state: Option<String>,
    created: Option<u64>,
    deleted: Option<u64>,
}

/// The department, or the group.
#[derive(Debug, Clone, Default)]
struct Thing {
    name: Option<String>,
    parent: Option<String>,
    created: Option<u64>,
    deleted: Option<u64>,
}

/// A human being: the id that they have now, and whether they are a member.
#[derive(Debug, Clone)]
struct Human {
    id: &'static str,
    gone: bool,
    is: Option<usize>,
}

/// All state that follows from some events.
#[derive(Debug, Default)]
pub(super) struct Naive {
    members: BTreeMap<&'static str, Member>,
    humans: Vec<Human>,
    /// Whom an id meant since a second; the last that is not later counts.
    meant: Vec<(&'static str, u64, usize)>,
    department: Option<Thing>,
    removed: BTreeMap<&'static str, Option<u64>>,
    contacts: BTreeMap<&'static str, Contact>,
    group: Option<Thing>,
    group_members: BTreeMap<String, (Option<u64>, Option<u64>)>,
}

impl Naive {
    pub(super) fn of(events: &[TestEvent]) -> Naive {
        let mut naive = Naive::default();
        for (at, id) in IDS.into_iter().enumerate() {
            naive.humans.push(Human { id, gone: false, is: None });
            naive.meant.push((id, 0, at));
        }
        let events = sorted(events);
        // Who is who must be known before anything is told of them.
        for event in events.iter().filter(|event| event.object == 0) {
            naive.identify(event);
        }
        for event in &events {
            match event.object {
                0 => naive.member(event),
                1 => naive.change_department(event),
                2 => naive.tag(event),
                3 => naive.contact(event),
                _ => naive.change_group(event),
            }
        }
        naive
    }

    /// Whom the id means in that second, as far as is known.
    fn human(&self, id: &str, second: u64) -> usize {
        let meant = self.meant.iter().rfind(|(name, since, _)| *name == id && *since <= second);
        let mut human = meant.unwrap().2;
        while let Some(same) = self.humans[human].is {
            human = same;
        }
        human
    }

    fn now(&self, id: &str, second: u64) -> &'static str {
        self.humans[self.human(id, second)].id
    }

    fn identify(&mut self, event: &TestEvent) {
        let (id, second) = (event.id(), event.second);
        let human = self.human(id, second);
        match event.action {
            0 | 1 if self.humans[human].id != id => {
                self.humans.push(Human { id, gone: false, is: None });
                self.meant.push((id, second, self.humans.len() - 1));
            }
            6 => self.humans[human].gone = true,
            _ => self.humans[human].gone = false,
        }
        let new = event.other();
        if event.renames() && self.humans[human].id != new {
            let there = self.human(new, second);
            let holder = &mut self.humans[there];
            if there != human && holder.id == new && !holder.gone {
                holder.is = Some(human);
            } else {
                self.meant.push((new, second, human));
            }
            self.humans[human].id = new;
        }
    }

    fn member(&mut self, event: &TestEvent) {
        let (v, second) = (event.value, event.second);
        let begins = event.action < 2;
        let known = self.members.get(event.id());
        let id = match known.and_then(|member| member.renamed_to) {
            Some(now) if !begins => now,
            _ => event.id(),
        };
        let member = self.members.entry(id).or_default();
        if begins && member.created != Some(second) {
            *member = Member { created: Some(second), ..Member::default() };
        }
        member.deleted = (event.action == 6).then_some(second);
        let mut move_to = |now: [String; 2]| {
            let led: BTreeMap<String, Option<bool>> = member.departments.drain(..).collect();
            member.departments =
                now.into_iter().map(|d| (d.clone(), led.get(&d).copied().flatten())).collect();
        };
        match event.action {
            0 => {
                move_to(["1".to_owned(), format!("{v}2")]);
                member.name = Some(format!("n{v}"));
            }
            2 => member.name = Some(format!("n{v}")),
            3 => member.alias = Some(String::new()),
            4 => {
                member.alias = Some(format!("a{v}"));
                if let [first, second] = &mut member.departments[..] {
                    first.1 = Some(true);
                    second.1 = Some(false);
                }
            }
            5 => move_to(["1".to_owned(), format!("{v}3")]),
            6 => member.departments.clear(),
            _ => {}
        }
        if event.renames() && event.other() != id {
            self.rename(id, event.other(), second);
        }
    }

    fn rename(&mut self, old: &'static str, new: &'static str, second: u64) {
        let member = self.members.get_mut(old).unwrap();
        let carried =
            Member { departments: std::mem::take(&mut member.departments), ..member.clone() };
        member.deleted = Some(second);
        member.renamed_to = Some(new);
        let there = self.members.entry(new).or_default();
        if there.deleted.is_some() {
            *there = Member::default();
        }
        let there_before = std::mem::take(there);
        *there = Member {
            name: there_before.name.or(carried.name),
            alias: there_before.alias.or(carried.alias),
            departments: match there_before.departments.is_empty() {
                true => carried.departments,
                false => there_before.departments,
            },
            created: there_before.created.or(carried.created),
            deleted: None,
            renamed_to: None,
        };
        for member in self.members.values_mut().filter(|member| member.renamed_to == Some(old)) {
            member.renamed_to = Some(new);
        }
    }

    fn change_department(&mut self, event: &TestEvent) {
        let (v, second) = (event.value, event.second);
        let department = self.department.get_or_insert_default();
        match event.action % 3 {
            0 => {
                begin(department, second);
                department.parent = Some(v.to_string());
            }
            1 => department.name = Some(format!("n{v}")),
            _ => {}
        }
        department.deleted = (event.action % 3 == 2).then_some(second);
    }

    fn tag(&mut self, event: &TestEvent) {
        for id in [event.id(), event.other()] {
            let now = self.now(id, event.second);
            let removed = self.removed.entry(now).or_default();
            if event.action % 2 == 1 {
                *removed = Some(event.second);
            } else if *removed != Some(event.second) {
                *removed = None;
            }
        }
    }

    fn contact(&mut self, event: &TestEvent) {
        let second = event.second;
        let now = self.now(event.id(), second);
        let contact =
            self.contacts.entry(now).or_insert(Contact { status: "unknown", ..Contact::default() });
        let state = (event.value < 2).then(|| format!("s{}", event.value));
        let action = usize::from(event.action) % 6;
        match action {
            0 | 1 => {
                if contact.deleted.is_some() {
                    contact.state = None;
                }
                contact.status = ["followed", "half_added"][action];
                contact.created = (action == 0).then_some(second);
                contact.deleted = None;
            }
            2 if contact.status == "unknown" => contact.status = "followed",
            3 | 4 => {
                contact.status = ["deleted_by_member", "deleted_by_contact"][action - 3];
                contact.deleted = Some(second);
            }
            _ => {}
        }
        if action < 3 {
            contact.state = state.or(contact.state.take());
        }
    }

    fn change_group(&mut self, event: &TestEvent) {
        let second = event.second;
        let group = self.group.get_or_insert_default();
        if event.action.is_multiple_of(4) && begin(group, second) {
            self.group_members.clear();
        }
        group.deleted = (event.action % 4 == 3).then_some(second);
        let m = format!("m{}", event.value);
        match event.action % 4 {
            1 => {
                for id in [m, "m9".to_owned()] {
                    let (joined, left) = self.group_members.entry(id).or_default();
                    *joined = Some(second);
                    *left = left.filter(|left| *left == second);
                }
            }
            2 => self.group_members.entry(m).or_default().1 = Some(second),
            _ => {}
        }
    }

    pub(super) fn members(&self) -> Vec<String> {
        let row = |(id, m): (&&str, &Member)| {
            let renamed_to = m.renamed_to.unwrap_or("-");
            let (name, alias) = (text(&m.name), text(&m.alias));
            format!("{id} {name} {alias} {} {} {renamed_to}", time(m.created), time(m.deleted))
        };
        sorted_rows(self.members.iter().map(row))
    }

    pub(super) fn member_departments(&self) -> Vec<String> {
        let row = |(id, m): (&&str, &Member)| -> Vec<String> {
            let leads = |leads: Option<bool>| {
                leads.map_or("-".to_owned(), |leads| u8::from(leads).to_string())
            };
            m.departments.iter().map(|(d, l)| format!("{id} {d} {}", leads(*l))).collect()
        };
        sorted_rows(self.members.iter().flat_map(row))
    }

    pub(super) fn department(&self) -> Vec<String> {
        let row = |d: &Thing| {
            let (name, parent) = (text(&d.name), text(&d.parent));
            format!("{name} {parent} {} {}", time(d.created), time(d.deleted))
        };
        sorted_rows(self.department.iter().map(row))
    }

    pub(super) fn tagged(&self) -> Vec<String> {
        sorted_rows(self.removed.iter().map(|(id, removed)| format!("{id} {}", time(*removed))))
    }

    pub(super) fn contacts(&self) -> Vec<String> {
        let row = |(id, c): (&&str, &Contact)| {
            let (status, state) = (c.status, text(&c.state));
            format!("{id} {status} {state} {} {}", time(c.created), time(c.deleted))
        };
        sorted_rows(self.contacts.iter().map(row))
    }

    pub(super) fn group(&self) -> Vec<String> {
        let row = |g: &Thing| format!("{} {}", time(g.created), time(g.deleted));
        sorted_rows(self.group.iter().map(row))
    }

    pub(super) fn group_members(&self) -> Vec<String> {
        let row = |(id, (joined, left)): (&String, &(Option<u64>, Option<u64>))| {
            format!("{id} {} {}", time(*joined), time(*left))
        };
        sorted_rows(self.group_members.iter().map(row))
    }
}

/// Begins a thing anew, unless it began in the same second.
fn begin(thing: &mut Thing, second: u64) -> bool {
    let new = thing.created != Some(second);
    if new {
        *thing = Thing { created: Some(second), ..Thing::default() };
    }
    new
}

/// By second, meaning and hash; of renames of one second, one that gives an id comes before one that takes it away.
fn sorted(events: &[TestEvent]) -> Vec<TestEvent> {
    let mut events = events.to_vec();
    events.sort_by_key(|e| (e.second, e.rank(), Sha256::digest(e.body()).to_vec()));
    let mut sorted: Vec<TestEvent> = Vec::new();
    while !events.is_empty() {
        let second = events[0].second;
        let renames = events[0].renames();
        let waiting: Vec<&TestEvent> =
            events.iter().filter(|e| e.second == second && e.renames()).collect();
        let free = |e: &TestEvent| {
            e.second == second && e.renames() && waiting.iter().all(|other| other.other() != e.id())
        };
        let at = if renames { events.iter().position(free).unwrap_or(0) } else { 0 };
        sorted.push(events.remove(at));
    }
    sorted
}

fn sorted_rows(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "-".to_owned())
}

fn time(second: Option<u64>) -> String {
    second.map_or("-".to_owned(), |s| format!("2014-06-24T11:48:{}Z", 33 + s))
}
