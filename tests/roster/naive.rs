//! The comparison equals a naive one, which looks at everything for each question.

use std::collections::BTreeSet;
use std::convert::Infallible;

use orgsnap::config::job::{IdCase, RosterMapping};
use orgsnap::model::Feed;
use orgsnap::wecom::roster::{
    Comparison, Difference, DifferenceKind, Members, Person, Standing, ToldMember,
};
use proptest::prelude::*;
use proptest::sample::select;

/// What a case consists of.
#[derive(Debug, Clone)]
struct Company {
    prefix: &'static str,
    case: IdCase,
    /// User ids as listed, some of them twice.
    listed: Vec<String>,
    /// Id, value of the account's field, standing.
    agents: Vec<(String, Option<String>, Standing)>,
    staff: Vec<(String, Standing)>,
    /// User id, whether a member.
    told: Vec<(String, bool)>,
}

fn id() -> impl Strategy<Value = String> {
    // Few letters in both cases, so that ids meet, also but for their case.
    proptest::collection::vec(select(vec!['a', 'A', 'b', '1']), 1..3)
        .prop_map(|letters| letters.into_iter().collect())
}

fn user_id() -> impl Strategy<Value = String> {
    (select(vec!["", "x_", "X_"]), id()).prop_map(|(prefix, id)| format!("{prefix}{id}"))
}

fn company() -> impl Strategy<Value = Company> {
    let standing = || select(vec![Standing::Active, Standing::Left, Standing::Gone]);
    let agents = proptest::collection::btree_map(
        id(),
        (proptest::option::weighted(0.8, prop_oneof![id(), Just(String::new())]), standing()),
        0..8,
    );
    let lists = (
        proptest::collection::vec(user_id(), 0..10),
        agents,
        proptest::collection::btree_map(id(), standing(), 0..4),
        proptest::collection::vec((user_id(), any::<bool>()), 0..10),
    );
    (select(vec!["", "x_"]), select(vec![IdCase::Ignore, IdCase::Exact]), lists).prop_map(
        |(prefix, case, (listed, agents, staff, told))| Company {
            prefix,
            case,
            listed,
            agents: agents.into_iter().map(|(id, (value, s))| (id, value, s)).collect(),
            staff: staff.into_iter().collect(),
            told,
        },
    )
}

type Told = (DifferenceKind, String, Option<String>, Option<(Feed, String)>);

fn short(difference: Difference) -> Told {
    let Difference { kind, subject, user_id, person } = difference;
    (kind, subject, user_id, person.map(|person| (person.feed, person.id)))
}

fn compared(company: &Company, agents_first: bool) -> Vec<Told> {
    let mapping =
        RosterMapping { field: None, prefix: company.prefix.to_owned(), case: company.case };
    let mut members = Members::new(company.case);
    for user_id in &company.listed {
        members.add(user_id);
    }
    let mut comparison = Comparison::new(&mapping, members);
    let mut found = Vec::new();
    let mut tell = |difference| {
        found.push(short(difference));
        Ok::<(), Infallible>(())
    };
    let agents = company
        .agents
        .iter()
        .map(|(id, account, standing)| (Feed::Agent, id.as_str(), account.as_deref(), *standing));
    let staff = company.staff.iter();
    let staff =
        staff.map(|(id, standing)| (Feed::Principal, id.as_str(), Some(id.as_str()), *standing));
    let mut people: Vec<_> = agents.chain(staff).collect();
    if !agents_first {
        people.reverse();
    }
    for (feed, id, account, standing) in people {
        let (name, organ_name, team_name, leave_date) = (None, None, None, None);
        let person =
            Person { feed, id, account, standing, name, organ_name, team_name, leave_date };
        comparison.person(&person, &mut tell).unwrap();
    }
    for (user_id, present) in &company.told {
        comparison.told(ToldMember { user_id, present: *present });
    }
    comparison.finish(&mut tell).unwrap();
    found.sort();
    found
}

fn naive(company: &Company) -> Vec<Told> {
    let same = |a: &str, b: &str| match company.case {
        IdCase::Ignore => a.eq_ignore_ascii_case(b),
        IdCase::Exact => a == b,
    };
    let key = |user_id: &str| match company.case {
        IdCase::Ignore => user_id.to_ascii_lowercase(),
        IdCase::Exact => user_id.to_owned(),
    };
    let account = |value: &Option<String>| {
        let value = value.as_ref().filter(|value| !value.is_empty())?;
        Some(format!("{}{value}", company.prefix))
    };
    let is_listed = |user_id: &str| company.listed.iter().any(|other| same(other, user_id));
    let mut found = BTreeSet::new();
    for (id, value, standing) in &company.agents {
        let wanted = account(value);
        if *standing == Standing::Active && !wanted.as_deref().is_some_and(is_listed) {
            let kind = DifferenceKind::ActiveWithoutAccount;
            found.insert((kind, id.clone(), wanted, Some((Feed::Agent, id.clone()))));
        }
    }
    for member in &company.listed {
        // The first spelling is the one that counts.
        let listed = company.listed.iter().find(|other| same(other, member)).unwrap();
        let own = |standing| {
            let mut ids: Vec<&String> = company
                .agents
                .iter()
                .filter(|(_, value, s)| {
                    *s == standing && account(value).is_some_and(|wanted| same(&wanted, member))
                })
                .map(|(id, ..)| id)
                .collect();
            ids.sort();
            ids.first().map(|id| (*id).clone())
        };
        let staff = |standing| {
            let mut ids: Vec<&String> = company
                .staff
                .iter()
                .filter(|(id, s)| {
                    let prefixed = format!("{}{id}", company.prefix);
                    *s == standing && (same(id, member) || same(&prefixed, member))
                })
                .map(|(id, _)| id)
                .collect();
            ids.sort();
            ids.first().map(|id| (*id).clone())
        };
        let both = |standing| {
            let agent = own(standing).map(|id| (Feed::Agent, id));
            agent.or_else(|| staff(standing).map(|id| (Feed::Principal, id)))
        };
        let departed = both(Standing::Left).or_else(|| both(Standing::Gone));
        if both(Standing::Active).is_none() {
            let kind = match departed {
                Some(_) => DifferenceKind::DepartedStillMember,
                None => DifferenceKind::UnknownMember,
            };
            found.insert((kind, key(member), Some(listed.clone()), departed));
        }
        let told = |present| {
            company.told.iter().any(|(user_id, p)| *p == present && same(user_id, member))
        };
        if told(false) && !told(true) {
            let kind = DifferenceKind::ReturnMissed;
            found.insert((kind, key(member), Some(listed.clone()), None));
        }
    }
    for (user_id, present) in &company.told {
        if *present && !is_listed(user_id) {
            let spellings = company.told.iter().filter(|(other, p)| *p && same(other, user_id));
            let spelling = spellings.map(|(other, _)| other.clone()).min();
            found.insert((DifferenceKind::DepartureMissed, key(user_id), spelling, None));
        }
    }
    found.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn members_and_roster_differ_as_a_naive_comparison_says(company in company()) {
        let expected = naive(&company);
        prop_assert_eq!(&compared(&company, true), &expected);
        prop_assert_eq!(&compared(&company, false), &expected);
    }
}

#[test]
fn every_kind_of_difference_is_told_apart() {
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let agent = |id: &str, standing| (id.to_owned(), Some(id.to_owned()), standing);
    let company = Company {
        prefix: "",
        case: IdCase::Ignore,
        listed: text(&["a1", "A2", "gone", "boss", "clerk", "stranger", "back", "both"]),
        agents: vec![
            agent("A1", Standing::Active),
            agent("a2", Standing::Left),
            agent("GONE", Standing::Gone),
            agent("a3", Standing::Active),
            agent("back", Standing::Active),
            agent("both", Standing::Active),
        ],
        staff: vec![
            ("boss".to_owned(), Standing::Active),
            ("Clerk".to_owned(), Standing::Left),
            // One who went from the office to the field and kept the id.
            ("both".to_owned(), Standing::Left),
            // Office staff need no account.
            ("none".to_owned(), Standing::Active),
        ],
        told: vec![
            ("a1".to_owned(), true),
            ("a4".to_owned(), true),
            ("back".to_owned(), false),
            ("a5".to_owned(), false),
        ],
    };
    use DifferenceKind::*;
    let own = |text: &str| Some(text.to_owned());
    let agent = |id: &str| Some((Feed::Agent, id.to_owned()));
    let clerk = Some((Feed::Principal, "Clerk".to_owned()));
    let expected = vec![
        (DepartedStillMember, "a2".to_owned(), own("A2"), agent("a2")),
        (DepartedStillMember, "clerk".to_owned(), own("clerk"), clerk),
        (DepartedStillMember, "gone".to_owned(), own("gone"), agent("GONE")),
        (ActiveWithoutAccount, "a3".to_owned(), own("a3"), agent("a3")),
        (UnknownMember, "stranger".to_owned(), own("stranger"), None),
        (DepartureMissed, "a4".to_owned(), own("a4"), None),
        (ReturnMissed, "back".to_owned(), own("back"), None),
    ];
    assert_eq!(compared(&company, true), expected);
}
