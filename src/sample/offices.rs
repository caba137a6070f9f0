//! The office side of the sample company: its four levels of organisations and their staff.

use chrono::{Days, NaiveDate};

use super::places::{PROVINCES, Province, QUARTERS};
use super::seeded_rng::{RngStream, SeededRng};

/// Lowest organisations in one city at most: two digits of the id, from 01.
const MAX_IN_CITY: usize = 99;
/// First staff number.
const FIRST_STAFF: u64 = 10_000_001;

/// An organisation (内勤机构).
#[derive(Debug)]
pub(super) struct Office {
    /// `86`, `8601`, `860101` or `86010101`.
    pub(super) id: String,
    pub(super) name: String,
    /// Position of the parent; none for the head office.
    pub(super) parent: Option<usize>,
    /// 1 to 4.
    pub(super) level: u8,
    pub(super) founded: NaiveDate,
    /// Position of the leader among the staff: on the base day the first of the organisation's own.
    pub(super) leader: u64,
}

/// One of the office staff (内勤人员).
#[derive(Debug)]
pub(super) struct StaffMember {
    /// Position of the organisation.
    pub(super) office: usize,
    /// Whether the member has left.
    pub(super) left: bool,
}

/// Lays out the organisations, parents before children, so in order of their ids: `lowest` of the fourth
/// level, spread over provinces and cities by population. Foundation dates are those of `opened`.
pub(super) fn lay_out(rng: &SeededRng, lowest: usize) -> Vec<Office> {
    let mut offices = Vec::new();
    let mut push = |id: String, name: String, parent: Option<usize>, level: u8| {
        offices.push(Office { id, name, parent, level, founded: NaiveDate::MIN, leader: 0 });
        offices.len() - 1
    };
    let top = push("86".to_owned(), "示例人寿总公司".to_owned(), None, 1);
    let mut shuffled = 0;
    for (p, (province, cities)) in spread(rng, lowest).into_iter().enumerate() {
        let branch_id = format!("86{:02}", p + 1);
        let branch = push(branch_id.clone(), format!("{}分公司", province.name), Some(top), 2);
        let names = province.cities.split(' ').zip(cities).filter(|(_, count)| *count > 0);
        for (c, (city, count)) in names.enumerate() {
            let central_id = format!("{branch_id}{:02}", c + 1);
            let central = push(central_id.clone(), format!("{city}中心支公司"), Some(branch), 3);
            // Another starting point a city; steps of 17 reach all quarters before one comes again.
            let start = rng.below(RngStream::OrganPlace, shuffled, QUARTERS.len());
            shuffled += 1;
            for n in 0..count {
                let quarter = QUARTERS[(start + n * 17) % QUARTERS.len()];
                let form = if n < QUARTERS.len() { "支公司" } else { "营销服务部" };
                let form = if n % 3 == 2 && n < QUARTERS.len() { "营业部" } else { form };
                let name = format!("{city}{quarter}{form}");
                push(format!("{central_id}{:02}", n + 1), name, Some(central), 4);
            }
        }
    }
    offices
}

/// Number of the `lowest` organisations in each city of the given provinces.
fn spread(rng: &SeededRng, lowest: usize) -> Vec<(&'static Province, Vec<usize>)> {
    let provinces = (lowest as f64).sqrt().ceil() as usize;
    let provinces = provinces.clamp(1, PROVINCES.len());
    // The keys u^(1/w) of a weighted sample without repetition (Efraimidis and Spirakis).
    let mut keyed: Vec<(f64, usize)> = PROVINCES
        .iter()
        .enumerate()
        .map(|(i, p)| {
            (rng.share(RngStream::ProvinceOrder, i as u64).powf(1.0 / f64::from(p.weight)), i)
        })
        .collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut taken: Vec<usize> = keyed.into_iter().take(provinces).map(|(_, i)| i).collect();
    taken.sort_unstable();
    let mut chosen: Vec<(&Province, Vec<usize>)> = taken
        .into_iter()
        .map(|i| (&PROVINCES[i], vec![0; PROVINCES[i].cities.split(' ').count()]))
        .collect();

    let total: u32 = chosen.iter().map(|(p, _)| p.weight).sum();
    for n in 0..lowest {
        // Every province gets one, the rest goes by weight.
        let province = if n < chosen.len() {
            n
        } else {
            let draw = rng.below(RngStream::OrganPlace, 1 << 32 | n as u64, total as usize) as u32;
            let mut sum = 0;
            let found = chosen.iter().position(|(p, _)| {
                sum += p.weight;
                draw < sum
            });
            found.unwrap_or(0)
        };
        // The square of an even draw favours the capital, which stands first.
        let share = rng.share(RngStream::OrganPlace, 1 << 33 | n as u64);
        let city = (share * share * chosen[province].1.len() as f64) as usize;
        place(&mut chosen, province, city);
    }
    chosen
}

/// Counts one organisation in the city, or in the next one that has room.
fn place(chosen: &mut [(&'static Province, Vec<usize>)], province: usize, city: usize) {
    let provinces = chosen.len();
    for p in 0..provinces {
        let cities = &mut chosen[(province + p) % provinces].1;
        let len = cities.len();
        for c in 0..len {
            let count = &mut cities[(city + c) % len];
            if *count < MAX_IN_CITY {
                *count += 1;
                return;
            }
        }
    }
}

/// Sets the foundation dates: some time before the first team was opened (`opened`, one an organisation,
/// none where it has no team), a parent before its children, none before `earliest`.
pub(super) fn found(
    rng: &SeededRng,
    offices: &mut [Office],
    opened: &[Option<NaiveDate>],
    earliest: NaiveDate,
) {
    let mut by: Vec<Option<NaiveDate>> = opened.to_vec();
    for i in (0..offices.len()).rev() {
        let before = 20 + rng.below(RngStream::FoundedBefore, i as u64, 300) as u64;
        let latest = by[i].unwrap_or(earliest);
        let date = latest.checked_sub_days(Days::new(before)).unwrap_or(earliest).max(earliest);
        offices[i].founded = if offices[i].parent.is_none() { earliest } else { date };
        if let Some(parent) = offices[i].parent {
            by[parent] = Some(by[parent].map_or(date, |known: NaiveDate| known.min(date)));
        }
    }
}

/// Gives every organisation its leader and staff. `agents` sets the size of the head office.
pub(super) fn hire(rng: &SeededRng, offices: &mut [Office], agents: u64) -> Vec<StaffMember> {
    let mut staff = Vec::new();
    for (i, office) in offices.iter_mut().enumerate() {
        let others = match office.level {
            1 => 3 + (agents / 2_000).min(400),
            2 => 2 + rng.below(RngStream::StaffCount, i as u64, 12) as u64,
            3 => 1 + rng.below(RngStream::StaffCount, i as u64, 5) as u64,
            _ => rng.below(RngStream::StaffCount, i as u64, 4) as u64,
        };
        office.leader = staff.len() as u64;
        for nth in 0..=others {
            let position = staff.len() as u64;
            let left = nth > 0 && rng.chance(RngStream::StaffStatus, position, 0.08);
            staff.push(StaffMember { office: i, left });
        }
    }
    staff
}

/// The staff number of the `position`-th staff member, eight digits.
pub(super) fn staff_id(position: u64) -> u64 {
    FIRST_STAFF + position
}
