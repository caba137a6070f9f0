//! What happens to the office staff: they leave, move and are hired. Leaders of organisations stay where they are.

use super::Churn;
use crate::sample::seeded_rng::RngStream;

impl Churn<'_> {
    pub(super) fn change_staff(&mut self) {
        let leaders: std::collections::BTreeSet<u64> =
            self.roster.company.offices.iter().map(|office| office.leader).collect();
        for position in 0..self.roster.company.staff.len() {
            let turn = self.turn(RngStream::StaffChurn, position);
            let member = &self.roster.company.staff[position];
            if turn >= 0.7 || member.left || leaders.contains(&(position as u64)) {
                continue;
            }
            let office = member.office;
            match turn {
                ..0.3 => self.roster.company.staff[position].left = true,
                ..0.4 => {
                    let places: Vec<usize> = (0..self.roster.company.offices.len()).collect();
                    if let Some(place) = self.choose(position, &places) {
                        self.roster.company.staff[position].office = place;
                    }
                }
                _ => {
                    self.hire(office);
                }
            }
        }
    }
}
