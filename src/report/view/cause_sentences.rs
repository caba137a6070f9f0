//! The sentences about causes.

use crate::model::CauseKind;
use crate::report::formatting::{self, count};
use crate::report::language::Language;
use crate::report::layout::visible;

use super::{CauseRow, RuleTitle, View};

impl<'a> View<'a> {
    /// The causes that say more than the rules do.
    pub fn events(&self) -> Vec<&CauseRow<'a>> {
        self.causes.iter().filter(|row| row.cause.kind != CauseKind::SameRule).collect()
    }

    /// How many of them are not shown if `shown` are, and where they are; `None` if all are shown.
    pub fn events_not_shown(&self, shown: usize, language: Language) -> Option<String> {
        let left = self.events().len().saturating_sub(shown) as u64;
        // A check and a dry run write no report.
        let written = self.report.report_files.dir.is_some();
        let number = formatting::grouped(left);
        (left > 0).then(|| match (language, written) {
            (Language::Chinese, true) => format!("另有 {number} 个原因见报告"),
            (Language::Chinese, false) => format!("另有 {number} 个原因可用 --findings all 显示"),
            (Language::English, true) => format!("{number} more causes in the report"),
            (Language::English, false) => format!("{number} more causes, shown by --findings all"),
        })
    }
}

impl CauseRow<'_> {
    /// Level, kind, what happened.
    pub fn title(&self, language: Language) -> RuleTitle {
        let cause = self.cause;
        let label = format!("{}[{}]", formatting::level(language, cause.level), cause.kind.name());
        let text = format!("{label}: {}", visible(language.of(&cause.what)));
        RuleTitle { label, text }
    }

    /// What to do.
    pub fn action(&self, language: Language) -> String {
        visible(language.of(&self.cause.action)).into_owned()
    }

    /// How many findings it explains, and of which rules.
    pub fn explains(&self, language: Language) -> String {
        if self.cause.findings == 0 {
            return language
                .choose("没有规则就此报告问题", "no rule has a finding about it")
                .to_owned();
        }
        let findings = count(language, self.cause.findings, "处", "finding", "findings");
        let codes = self.cause.codes.join(" ");
        match language {
            Language::Chinese => format!("由此引起 {findings}问题：{codes}"),
            Language::English => format!("it explains {findings}: {codes}"),
        }
    }
}
