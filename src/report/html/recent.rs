//! The runs before this one as a strip of columns, oldest first, this run last.

use crate::model::{Level, RunReport, Verdict};
use crate::report::formatting::{self, grouped};
use crate::report::view::View;

use super::both::{Both, both};

/// A run in the strip; measures in percent of the width and in pixels.
pub(super) struct Column {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: String,
    pub(super) height: String,
    /// Name of the verdict.
    pub(super) verdict: &'static str,
    pub(super) title: String,
    /// Whether it was not published, which a sign above the column says.
    pub(super) withheld: bool,
    /// The cells of the table behind the strip.
    pub(super) cells: [String; 5],
    pub(super) verdict_text: Both,
}

/// The strip.
pub(super) struct Recent {
    pub(super) columns: Vec<Column>,
    pub(super) summary: Both,
    pub(super) span: Both,
}

/// Height of the highest column.
const HIGHEST: f64 = 56.0;

/// Where columns end.
pub(super) const GROUND: u32 = 76;

impl Recent {
    /// `None` where there is no earlier run.
    pub(super) fn of(view: &View<'_>) -> Option<Recent> {
        let report = view.report;
        if report.recent.is_empty() {
            return None;
        }
        let earlier = report.recent.iter().take(RunReport::MAX_RECENT).rev();
        let mut runs: Vec<_> = earlier
            .map(|run| {
                (run.run.0.clone(), run.date, run.verdict, run.rows, run.errors, run.warnings)
            })
            .collect();
        let of = |wanted: fn(Level) -> bool| -> u64 {
            view.levels.iter().filter(|(level, _)| wanted(*level)).map(|(_, n)| n).sum()
        };
        runs.push((
            report.run.0.clone(),
            report.business_date,
            report.verdict,
            report.files.iter().map(|file| file.rows).sum(),
            of(|level| level >= Level::Error),
            of(|level| level == Level::Warning),
        ));
        let magnitude = |errors: u64, warnings: u64| ((errors + warnings + 1) as f64).log10();
        let most = runs.iter().map(|run| magnitude(run.4, run.5)).fold(0.1, f64::max);
        let step = 100.0 / runs.len().max(12) as f64;
        let withheld = |verdict| matches!(verdict, Verdict::Refused | Verdict::Failed);
        let number = runs.len() as u64;
        let bad = runs.iter().filter(|run| withheld(run.2)).count() as u64;
        let (first, last) = (runs[0].1, report.business_date);
        let summary = both(
            format!("最近 {number} 次运行，其中 {bad} 次未发布"),
            format!("The last {number} runs, {bad} of them not published"),
        );
        let column = |(at, run): (usize, &(String, _, Verdict, u64, u64, u64))| {
            let (id, date, verdict, rows, errors, warnings): &(
                String,
                chrono::NaiveDate,
                _,
                _,
                _,
                _,
            ) = run;
            let height = 4.0 + (HIGHEST - 4.0) * magnitude(*errors, *warnings) / most;
            let verdict_text =
                Both::of(|language| formatting::verdict(language, verdict.name()).to_owned());
            let [rows, errors, warnings] = [*rows, *errors, *warnings].map(grouped);
            Column {
                x: format!("{:.3}", at as f64 * step + step * 0.12),
                width: format!("{:.3}", step * 0.76),
                y: format!("{:.1}", f64::from(GROUND) - height),
                height: format!("{height:.1}"),
                verdict: verdict.name(),
                title: format!(
                    "{date} {} / {}: {errors} + {warnings}",
                    verdict_text.zh, verdict_text.en
                ),
                withheld: withheld(*verdict),
                cells: [date.to_string(), rows, errors, warnings, id.clone()],
                verdict_text,
            }
        };
        let columns = runs.iter().enumerate().map(column).collect();
        let span = both(format!("{first} 至 {last}"), format!("{first} to {last}"));
        Some(Recent { columns, summary, span })
    }
}
