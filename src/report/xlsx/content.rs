//! What the sheets of the workbook are made of.

use std::collections::BTreeMap;

use crate::model::{DeliveredFiles, Feed, Finding, RuleMeta, RunReport};
use crate::report::language::Language;
use crate::report::{formatting, rule_page};

/// What the sheets are made of.
pub(super) struct Content<'a> {
    pub(super) report: &'a RunReport,
    pub(super) delivered: &'a dyn DeliveredFiles,
    pub(super) language: Language,
    rules: BTreeMap<&'a str, Rule<'a>>,
}

/// What a rule says of itself, in one language.
#[derive(Clone, Copy, Default)]
pub(super) struct Rule<'a> {
    pub(super) summary: &'a str,
    pub(super) mend: &'a str,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        report: &'a RunReport,
        delivered: &'a dyn DeliveredFiles,
        catalogue: &[&'a RuleMeta],
        language: Language,
    ) -> Content<'a> {
        let rule = |meta: &&'a RuleMeta| {
            let mend = rule_page::how_to_mend(language, meta);
            (meta.code, Rule { summary: language.of(&meta.summary), mend })
        };
        Content { report, delivered, language, rules: catalogue.iter().map(rule).collect() }
    }

    pub(super) fn rule(&self, code: &str) -> Rule<'a> {
        self.rules.get(code).copied().unwrap_or_default()
    }

    /// The name of a feed's file as delivered; that of the feed where none came.
    pub(super) fn file(&self, feed: Feed) -> &'a str {
        self.report.file(feed).map_or(feed.name(), |file| file.name.as_str())
    }

    /// The number of a finding's cause in the sheet of causes.
    pub(super) fn cause(&self, finding: &Finding) -> Option<u64> {
        finding.cause.map(|at| at as u64 + 1)
    }

    /// Since when a finding has been there, in a word.
    pub(super) fn status(&self, finding: &Finding) -> &'static str {
        match finding.age {
            None => "",
            Some(age) if age.is_new() => self.language.choose("新出现", "new"),
            Some(_) => self.language.choose("持续", "persisting"),
        }
    }

    pub(super) fn level(&self, finding: &Finding) -> &'static str {
        formatting::level(self.language, finding.level)
    }
}
