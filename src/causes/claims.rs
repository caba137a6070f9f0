//! Which finding belongs to which event; each to the first that explains it.

use crate::model::{Feed, Finding};

use super::event::Event;

/// The findings of a run, and the events that explain them.
pub(super) struct Claims<'f> {
    pub(super) findings: &'f [Finding],
    event: Vec<Option<u32>>,
    pub(super) drafts: Vec<Draft>,
}

/// A cause in the making.
pub(super) struct Draft {
    pub(super) event: Event,
    /// Positions of its findings.
    pub(super) findings: Vec<u32>,
    /// Records that are at fault without a finding of their own here, with all below them.
    pub(super) below: Vec<(Feed, u32)>,
    /// Lines that it concerns beside those of its findings, 1-based.
    pub(super) lines: Vec<(Feed, u32)>,
    /// Agents and organisations that are not in the delivery, by key, beside those of its findings.
    pub(super) absent: Vec<String>,
    pub(super) absent_organs: Vec<String>,
}

impl<'f> Claims<'f> {
    pub(super) fn new(findings: &'f [Finding]) -> Claims<'f> {
        Claims { findings, event: vec![None; findings.len()], drafts: Vec::new() }
    }

    /// The findings that nothing explains yet, with their positions.
    pub(super) fn free(&self) -> impl Iterator<Item = (u32, &'f Finding)> {
        let event = &self.event;
        let all = self.findings.iter().enumerate();
        all.filter(|(at, _)| event[*at].is_none()).map(|(at, finding)| (at as u32, finding))
    }

    /// Notes an event with the findings that it explains; those that are explained already stay where they are. An event
    /// that explains nothing is none.
    pub(super) fn claim(
        &mut self,
        event: Event,
        findings: impl IntoIterator<Item = u32>,
    ) -> Option<&mut Draft> {
        let at = self.drafts.len() as u32;
        let mut taken = Vec::new();
        for finding in findings {
            let slot = &mut self.event[finding as usize];
            if slot.is_none() {
                *slot = Some(at);
                taken.push(finding);
            }
        }
        if taken.is_empty() {
            return None;
        }
        self.add(event, taken)
    }

    /// Notes an event that is shown without any finding.
    pub(super) fn note(&mut self, event: Event) -> Option<&mut Draft> {
        self.add(event, Vec::new())
    }

    fn add(&mut self, event: Event, mut findings: Vec<u32>) -> Option<&mut Draft> {
        findings.sort_unstable();
        self.drafts.push(Draft {
            event,
            findings,
            below: Vec::new(),
            lines: Vec::new(),
            absent: Vec::new(),
            absent_organs: Vec::new(),
        });
        self.drafts.last_mut()
    }
}
