//! What happens to organisations: other parents, other names, other leaders; new ones take over a district of teams.

use super::Churn;
use crate::sample::offices::{Office, StaffMember};
use crate::sample::seeded_rng::RngStream;

/// Forms of the lowest organisations.
const FORMS: [&str; 3] = ["支公司", "营销服务部", "营业部"];
/// Lowest organisations of one city at most: two digits of the id.
const MAX_IN_CITY: usize = 99;

impl Churn<'_> {
    pub(super) fn change_offices(&mut self) {
        for office in 0..self.roster.company.offices.len() {
            let level = self.roster.company.offices[office].level;
            match self.turn(RngStream::OfficeChurn, office) {
                ..0.1 => self.change_office_leader(office),
                ..0.12 if level > 2 => self.move_office(office),
                ..0.135 if level == 4 => self.rename_office(office),
                ..0.145 if level == 4 => self.divide_office(office),
                _ => {}
            }
        }
    }

    /// Somebody of the staff takes the lead, or somebody new.
    fn change_office_leader(&mut self, office: usize) {
        let company = &self.roster.company;
        let present = company.offices[office].leader;
        let own = company.staff.iter().enumerate().filter(|(position, member)| {
            member.office == office && !member.left && *position as u64 != present
        });
        let own: Vec<usize> = own.map(|(position, _)| position).collect();
        let leader = match self.choose(office, &own) {
            Some(leader) => leader as u64,
            None => self.hire(office),
        };
        self.roster.company.offices[office].leader = leader;
    }

    /// Adds one to the staff of an organisation and returns the position.
    pub(super) fn hire(&mut self, office: usize) -> u64 {
        let staff = &mut self.roster.company.staff;
        staff.push(StaffMember { office, left: false });
        staff.len() as u64 - 1
    }

    /// Puts an organisation, with all below it, under another one of the parent's level.
    fn move_office(&mut self, office: usize) {
        let offices = &self.roster.company.offices;
        let own = &offices[office];
        let others: Vec<usize> = (0..offices.len())
            .filter(|at| offices[*at].level + 1 == own.level && Some(*at) != own.parent)
            .collect();
        if let Some(parent) = self.choose(office, &others) {
            self.roster.company.offices[office].parent = Some(parent);
        }
    }

    fn rename_office(&mut self, office: usize) {
        let name = &mut self.roster.company.offices[office].name;
        let form = FORMS.iter().position(|form| name.ends_with(form));
        if let Some(form) = form {
            let stem = name.strip_suffix(FORMS[form]).unwrap_or(name);
            *name = format!("{stem}{}", FORMS[(form + 1) % FORMS.len()]);
        }
    }

    /// The last district of an organisation that has several becomes one of its own, in the same city.
    fn divide_office(&mut self, office: usize) {
        let company = &self.roster.company;
        let nodes = &company.teams.nodes;
        let own = |at: &usize| nodes[*at].office as usize == office;
        let districts: Vec<usize> =
            (0..nodes.len()).filter(|at| own(at) && nodes[*at].level == 3).collect();
        let (Some(&district), true) = (districts.last(), districts.len() > 1) else { return };
        let id = &company.offices[office].id;
        let city = id.get(..6).unwrap_or(id);
        let numbers = company.offices.iter().filter_map(|office| {
            office.id.strip_prefix(city).and_then(|number| number.parse::<usize>().ok())
        });
        let number = numbers.max().unwrap_or(0) + 1;
        if number > MAX_IN_CITY {
            return;
        }
        let above = |at: usize| nodes[at].parent.map(|parent| parent as usize);
        let below: Vec<usize> = (0..nodes.len())
            .filter(|at| {
                let up = [Some(*at), above(*at), above(*at).and_then(above)];
                own(at) && up.contains(&Some(district))
            })
            .collect();
        let city = city.to_owned();
        let new = Office {
            id: format!("{city}{number:02}"),
            name: format!("{}第{number}营业部", company.offices[office].name),
            parent: company.offices[office].parent,
            level: 4,
            founded: self.day,
            leader: 0,
        };
        let position = company.offices.len();
        self.roster.company.offices.push(new);
        self.roster.company.offices[position].leader = self.hire(position);
        for node in below {
            self.roster.company.teams.nodes[node].office = position as u32;
        }
    }
}
