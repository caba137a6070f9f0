//! People, their recruiters and their stay, counted over the rows of a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use super::places::up;
use super::{Expected, History, Row, active, number};
use crate::naive::Record;

pub(super) fn expected(history: &History, id: &str) -> Option<Expected> {
    let newest = history.newest();
    let agents = &newest["agent"];
    let since = "2024-06-01".to_owned();
    let rows = match id {
        "roster-on-a-day" => {
            let (day, snapshot) = &history.days[4];
            // The team from which or to which most went since.
            let of = |agent: &Record| agent.get("workingNodeId").to_owned();
            let went = |(id, agent): &(&String, &Record)| {
                active(agent) && agents.get(*id).is_some_and(|now| of(now) != of(agent))
            };
            let team = snapshot["agent"].iter().find(went).map(|(_, agent)| of(agent))?;
            let own = snapshot["agent"].iter().filter(|(_, a)| active(a) && of(a) == team);
            let row = |(id, agent): (&String, &Record)| {
                let cells = ["agentName", "agentGradeLevel", "enterCompanyDate"];
                [vec![id.clone()], cells.map(|field| agent.get(field).to_owned()).to_vec()].concat()
            };
            let rows = own.map(row).collect();
            return Some((vec![("team", team), ("day", day.clone())], rows));
        }
        "recruiters-above" => {
            let deepest =
                agents.keys().max_by_key(|id| up(agents, "recommendByAgentId", id).len())?;
            let above = up(agents, "recommendByAgentId", deepest);
            let row = |(distance, id): (usize, &&str)| {
                let cells = ["agentName", "agentStatus", "workingNodeName"];
                let cells = cells.map(|field| agents[*id].get(field).to_owned()).to_vec();
                [vec![distance.to_string(), (*id).to_owned()], cells].concat()
            };
            let rows = above.iter().enumerate().skip(1).map(row).collect();
            return Some((vec![("agent", deepest.clone())], rows));
        }
        "recruits-below" => {
            let deepest =
                agents.keys().max_by_key(|id| up(agents, "recommendByAgentId", id).len())?;
            let top = up(agents, "recommendByAgentId", deepest).last().copied()?.to_owned();
            let mut rows: Vec<(usize, Row)> = Vec::new();
            for (id, agent) in agents {
                let above = up(agents, "recommendByAgentId", id);
                if let Some(distance) = above.iter().position(|at| *at == top).filter(|n| *n > 0) {
                    let cells = ["agentName", "agentStatus", "enterCompanyDate"];
                    let cells = cells.map(|field| agent.get(field).to_owned()).to_vec();
                    rows.push((distance, [vec![distance.to_string(), id.clone()], cells].concat()));
                }
            }
            rows.sort();
            let rows = rows.into_iter().map(|(_, row)| row).collect();
            return Some((vec![("agent", top)], rows));
        }
        "top-recruiters" => {
            let period = history.period();
            let inside = |agent: &&Record| {
                let entered = agent.get("enterCompanyDate");
                entered >= period[0].1.as_str() && entered <= period[1].1.as_str()
            };
            let mut recruits: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
            for agent in agents.values().filter(inside) {
                let counts = recruits.entry(agent.get("recommendByAgentId")).or_default();
                counts.0 += 1;
                counts.1 += usize::from(active(agent));
            }
            recruits.remove("");
            let mut top: Vec<_> = recruits.into_iter().collect();
            top.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
            let row = |(id, (recruits, at_work)): (&str, (usize, usize))| {
                let cells = ["agentName", "workingOrganName"];
                let cells = cells.map(|field| agents[id].get(field).to_owned()).to_vec();
                let counts = vec![recruits.to_string(), at_work.to_string()];
                [vec![id.to_owned()], cells, counts].concat()
            };
            let rows = top.into_iter().take(20).map(row).collect();
            return Some((period, rows));
        }
        "recruiters-by-month" => {
            let mut months: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
            for agent in agents.values().filter(|a| a.get("enterCompanyDate") >= since.as_str()) {
                let recruiter = agent.get("recommendByAgentId");
                if !recruiter.is_empty() {
                    let month = months.entry(&agent.get("enterCompanyDate")[..7]).or_default();
                    month.0 += 1;
                    month.1.insert(recruiter);
                }
            }
            let row = |(month, (recruits, recruiters)): (&str, (usize, BTreeSet<&str>))| {
                let each = number(recruits as f64 / recruiters.len() as f64);
                vec![month.to_owned(), recruiters.len().to_string(), recruits.to_string(), each]
            };
            let rows = months.into_iter().map(row).collect();
            return Some((vec![("first_day", since)], rows));
        }
        "retention-by-month-of-entry" | "retention-by-year-of-entry" => {
            let by_month = id == "retention-by-month-of-entry";
            let digits = if by_month { 7 } else { 4 };
            let mut groups: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
            for agent in agents.values() {
                let entered = agent.date("enterCompanyDate").unwrap();
                if by_month && agent.get("enterCompanyDate") < since.as_str() {
                    continue;
                }
                let counts = groups.entry(&agent.get("enterCompanyDate")[..digits]).or_default();
                let a_year = entered.checked_add_months(chrono::Months::new(12)).unwrap();
                let left = agent.date("leaveCompanyDate");
                counts[0] += 1;
                counts[1] += usize::from(left.is_none_or(|left| left > a_year));
                counts[2] += usize::from(active(agent));
            }
            let row = |(group, [entered, a_year, at_work]): (&str, [usize; 3])| {
                let share = number(100.0 * at_work as f64 / entered as f64);
                let mut row = vec![group.to_owned(), entered.to_string()];
                row.extend((!by_month).then(|| a_year.to_string()));
                row.extend([at_work.to_string(), share]);
                row
            };
            let rows = groups.into_iter().map(row).collect();
            let values = if by_month { vec![("first_day", since)] } else { Vec::new() };
            return Some((values, rows));
        }
        "agents-without-organisation" => {
            let lost = agents.iter().filter(|(_, agent)| {
                active(agent)
                    && !(newest["node"].contains_key(agent.get("workingNodeId"))
                        && newest["organ"].contains_key(agent.get("workingOrganId")))
            });
            let cells = [
                "agentName",
                "workingNodeId",
                "workingNodeName",
                "workingOrganId",
                "workingOrganName",
            ];
            lost.map(|(id, agent)| {
                [vec![id.clone()], cells.map(|field| agent.get(field).to_owned()).to_vec()].concat()
            })
            .collect()
        }
        _ => return None,
    };
    Some((Vec::new(), rows))
}
