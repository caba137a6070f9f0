//! The records of a former delivery that are not in the one that was checked.

use std::path::Path;

use crate::report::formatting::grouped;
use crate::report::language::Language;
use crate::report::layout::visible;

use super::VanishedOfFeed;

impl<'a> VanishedOfFeed<'a> {
    /// How many there are, and whether they are the end of the former file.
    pub fn title(&self, language: Language) -> String {
        let (feed, number) = (self.feed, grouped(self.former.vanished.len() as u64));
        // One record at the end is no sign of a file that was cut off.
        let at_end = self.former.at_end && self.former.vanished.len() > 1;
        match language {
            Language::Chinese => {
                let note = if at_end {
                    "，正是原文件的最后几条：文件可能被截断"
                } else {
                    ""
                };
                format!("{feed} {}：上一批次中有 {number} 个，本次没有{note}", feed.title_zh())
            }
            Language::English => {
                let note = if at_end {
                    "; they are the last ones of the former file: the file may have been cut off"
                } else {
                    ""
                };
                format!("{feed}: {number} in the former delivery and not in this one{note}")
            }
        }
    }

    /// File, line and key of each, by line of the former file.
    pub fn places(&self) -> impl Iterator<Item = String> + 'a {
        let file = Path::new(self.folder).join(&self.former.file);
        let file = visible(&file.display().to_string()).into_owned();
        let records = self.former.vanished.iter();
        records.map(move |record| format!("{file}:{}  {}", record.line, visible(&record.key)))
    }

    /// How many are not shown if `shown` are; `None` if all are.
    pub fn not_shown(&self, shown: usize, language: Language) -> Option<String> {
        let left = self.former.vanished.len().saturating_sub(shown) as u64;
        (left > 0).then(|| match language {
            Language::Chinese => format!("其余 {} 个可用 --findings all 显示", grouped(left)),
            Language::English => format!("{} more, shown by --findings all", grouped(left)),
        })
    }
}
