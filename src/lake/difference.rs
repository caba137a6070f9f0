//! What is not in the lake as it is in the database, in words.

use chrono::NaiveDate;

use crate::model::Message;

/// What is not in the lake as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The date is not in the lake.
    DateMissing(NaiveDate),
    /// The lake has an earlier state of the date.
    DateOutdated(NaiveDate),
    /// The date is in the lake, but in the database no more.
    DateNotRetracted(NaiveDate),
    /// A data file is not there.
    FileMissing {
        /// The file.
        file: String,
    },
    /// A data file is not what was published.
    FileChanged {
        /// The file.
        file: String,
    },
    /// A table of a date is not in its publication.
    TableMissing {
        /// The date.
        date: NaiveDate,
        /// The table.
        table: String,
    },
    /// What the publication says of its rows is not so.
    Counts {
        /// The date.
        date: NaiveDate,
        /// The table.
        table: String,
    },
    /// Rows differ.
    Rows {
        /// The date.
        date: NaiveDate,
        /// The table.
        table: String,
        /// Rows that are in the database alone.
        missing: u64,
        /// Rows that are in the lake alone.
        extra: u64,
        /// Rows with other content.
        other: u64,
        /// Some of their keys.
        keys: Vec<String>,
    },
}

impl Difference {
    /// What differs, in both languages.
    pub fn message(&self) -> Message {
        match self {
            Difference::DateMissing(date) => Message::new(
                format!("{date}：数据湖中没有该日期；请执行 orgsnap lake export"),
                format!("{date}: the lake does not have the date; run orgsnap lake export"),
            ),
            Difference::DateOutdated(date) => Message::new(
                format!("{date}：数据湖中是较早的状态；请执行 orgsnap lake export"),
                format!("{date}: the lake has an earlier state; run orgsnap lake export"),
            ),
            Difference::DateNotRetracted(date) => Message::new(
                format!("{date}：数据库中已无该日期，数据湖中仍在；请执行 orgsnap lake export"),
                format!(
                    "{date}: the lake has the date, the database does not any more; run orgsnap lake export"
                ),
            ),
            Difference::FileMissing { file } => {
                Message::new(format!("{file}：文件不存在"), format!("{file}: it is not there"))
            }
            Difference::FileChanged { file } => Message::new(
                format!("{file}：内容与发布时的校验和不一致"),
                format!("{file}: its content is not what was published"),
            ),
            Difference::TableMissing { date, table } => Message::new(
                format!("{date} 的表 {table}：数据湖中没有"),
                format!("{table} of {date}: the lake does not have it"),
            ),
            Difference::Counts { date, table } => Message::new(
                format!("{date} 的表 {table}：文件中的行与发布记录不一致"),
                format!(
                    "{table} of {date}: the rows of its files are not those of the publication"
                ),
            ),
            Difference::Rows { date, table, missing, extra, other, keys } => {
                let keys = keys.join(", ");
                Message::new(
                    format!(
                        "{date} 的表 {table}：数据湖缺 {missing} 行，多 {extra} 行，内容不同 {other} 行，如 {keys}"
                    ),
                    format!(
                        "{table} of {date}: {missing} rows are missing, {extra} are in the lake alone, {other} have other \
                         content, such as {keys}"
                    ),
                )
            }
        }
    }
}
