//! `[codes]`: the words that a delivery writes for the integers of the contract.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;

/// The words of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeWords {
    /// Word to integer.
    pub words: BTreeMap<String, i64>,
    /// Line in the job file, 1-based.
    pub line: usize,
}

/// What holds for every field's words.
pub(super) static ANY_FIELD: Key = key(
    "codes",
    "*",
    ValueType::Table,
    "一个表，由文件中的写法到约定的代码，如 { \"M\" = 1, \"F\" = 2 }；\"文件.字段\" 的写法优先于只写字段名的",
    "a table from the words of the files to the codes of the contract, such as { \"M\" = 1, \"F\" = 2 }; words of \
     \"feed.field\" go before those of the field in every feed",
)
.of_values(&CODE);

/// What every word's value is.
static CODE: Message =
    Message::fixed("整数，即约定的代码，如 1", "a whole number, a code of the contract such as 1");

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# 代码的写法：文件中的词 = 约定的代码；键为字段名（凡有该字段的文件），或 "文件.字段"（优先）。
# Words for codes: the word of the files = the code of the contract. A key is a field, in every file that has it, or "feed.field", which goes first.
[codes]
gender = { "M" = 1, "F" = 2 }
"agent.agentStatus" = { "在职" = 1, "离职" = 2 }

"##;

/// `[codes]` as written.
pub(super) type Written = BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, i64>>;

impl Resolver<'_> {
    pub(super) fn codes(
        &self,
        written: Written,
    ) -> Result<BTreeMap<String, CodeWords>, ConfigError> {
        let mut codes = BTreeMap::new();
        for (field, written) in written {
            let line = self.document.position(field.span().start).0;
            let section = format!("codes.{}", field.get_ref());
            let mut words = BTreeMap::new();
            for (word, code) in written {
                let place = word.span();
                // Cells are trimmed before they are compared.
                let plain = word.get_ref().trim();
                let problem = if plain.is_empty() {
                    Some(Message::fixed(
                        "空的词；空单元格没有代码，请删除",
                        "an empty word; an empty cell has no code, take it out",
                    ))
                } else if words.insert(plain.to_owned(), code).is_some() {
                    Some(Message::new(
                        format!("词 \"{plain}\" 写了两次，请只留一个"),
                        format!("the word \"{plain}\" is written twice; keep one"),
                    ))
                } else {
                    None
                };
                if let Some(why) = problem {
                    let why = Problem::Unfit(why);
                    return Err(self.document.error_at(&section, word.get_ref(), place, why));
                }
            }
            codes.insert(field.into_inner(), CodeWords { words, line });
        }
        Ok(codes)
    }
}
