//! Why a statement of an analyst is not answered, with the place in it and with what is there like a name that is not.

use std::fmt;
use std::io;

use rusqlite::{Connection, Error};

use crate::model::Message;
use crate::store::error::StoreError;
use crate::store::sqlite::layout::columns_of;

/// Names that are shown at most.
const NEAR: usize = 3;
/// How like two names are that one may be meant by the other, from 0 to 1.
const LIKE: f64 = 0.6;
/// What a part of a name counts beside the whole.
const PART: f64 = 0.85;

/// What a statement may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Write, or make or drop anything.
    Change,
    /// Open another file.
    Attach,
    /// Load code.
    Extension,
    /// A pragma that does more than tell something.
    Pragma(String),
}

/// Why a statement is not answered.
#[derive(Debug)]
pub enum StatementError {
    /// There is none.
    Empty,
    /// There are several.
    Several,
    /// It may not run.
    Refused(Refused),
    /// It is wrong.
    Wrong {
        /// What SQLite says.
        reason: String,
        /// Line and column from 1, and the line, where SQLite tells it.
        place: Option<(usize, usize, String)>,
        /// Names that are there and look like one that is not.
        near: Vec<String>,
    },
    /// A parameter has no value.
    ParameterMissing(String),
    /// A value is given for a parameter that the statement does not have.
    ParameterUnknown(String),
    /// A text or row that it makes is too large.
    TooBig,
    /// It took too long.
    TimeOver,
    /// Its rows cannot be written.
    Write(io::Error),
    /// A fault of the database.
    Store(StoreError),
    /// Anything else that SQLite says.
    Sqlite(Error),
}

impl From<Error> for StatementError {
    fn from(error: Error) -> StatementError {
        StatementError::Sqlite(error)
    }
}

impl From<StoreError> for StatementError {
    fn from(error: StoreError) -> StatementError {
        StatementError::Store(error)
    }
}

impl From<io::Error> for StatementError {
    fn from(error: io::Error) -> StatementError {
        StatementError::Write(error)
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for StatementError {}

impl StatementError {
    /// What is wrong and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            StatementError::Empty => Message::fixed(
                "没有查询语句；请写一条 select",
                "there is no statement that asks something; write a select",
            ),
            StatementError::Several => Message::fixed(
                "一次只能执行一条语句；请分几次执行",
                "one statement at a time; run them one after the other",
            ),
            StatementError::Refused(refused) => refused.message(),
            StatementError::Wrong { reason, place, near } => wrong(reason, place.as_ref(), near),
            StatementError::ParameterMissing(name) => {
                let bare = name.trim_start_matches([':', '@', '$', '?']);
                Message::new(
                    format!("参数 {name} 没有值；请加 --param {bare}=值"),
                    format!("the parameter {name} has no value; add --param {bare}=VALUE"),
                )
            }
            StatementError::ParameterUnknown(name) => Message::new(
                format!("语句中没有参数 :{name}；请核对 --param 的名称"),
                format!("the statement has no parameter :{name}; check the name given to --param"),
            ),
            StatementError::TooBig => Message::fixed(
                "单个值或单行超过 16 MB 的上限，查询已停止，结果不完整；请缩小范围",
                "one value or row is beyond the limit of 16 MB, the statement was stopped and the answer is not whole; ask for \
                 less",
            ),
            StatementError::TimeOver => Message::fixed(
                "查询超时，已停止，结果不完整；请缩小范围，或用 --limit-time 放宽（0 为不限）",
                "the statement took too long and was stopped, the answer is not whole; ask for less, or give it more \
                 time with --limit-time (0: no limit)",
            ),
            StatementError::Write(error) => {
                let reason = crate::model::system_reason(error);
                Message::new(
                    format!("无法写出结果：{}；请检查输出的位置", reason.zh),
                    format!("the answer cannot be written: {}; check where it goes", reason.en),
                )
            }
            StatementError::Store(error) => error.message(),
            StatementError::Sqlite(error) => Message::new(
                format!("查询未完成：{error}"),
                format!("the statement failed: {error}"),
            ),
        }
    }
}

impl Refused {
    fn message(&self) -> Message {
        match self {
            Refused::Change => Message::fixed(
                "只能查询，不能写入、建表或改动数据；请写 select（with … select、explain 也可）",
                "it may only read: nothing can be written, made or dropped; write a select (with ... select and explain \
                 go too)",
            ),
            Refused::Attach => Message::fixed(
                "不能打开其他文件；查询多个租户请用 --tenant",
                "it may not open other files; ask several tenants with --tenant",
            ),
            Refused::Extension => Message::fixed("不能加载扩展", "it may not load extensions"),
            Refused::Pragma(name) => Message::new(
                format!("不能使用 pragma {name}；只能使用查看结构的 pragma，如 table_info"),
                format!(
                    "pragma {name} may not be used; those that show the structure may, such as table_info"
                ),
            ),
        }
    }
}

fn wrong(reason: &str, place: Option<&(usize, usize, String)>, near: &[String]) -> Message {
    let mut zh = format!("SQL 有误：{reason}");
    let mut en = format!("the SQL is wrong: {reason}");
    if let Some((line, column, _)) = place {
        zh.push_str(&format!("（第 {line} 行第 {column} 列）"));
        en.push_str(&format!(" (line {line}, column {column})"));
    }
    if !near.is_empty() {
        zh.push_str(&format!("；相近的名称：{}", near.join("、")));
        en.push_str(&format!("; there is {}", near.join(", ")));
    }
    if let Some((_, column, text)) = place {
        let before: String = text.chars().take(column - 1).collect();
        let indent = " ".repeat(unicode_width::UnicodeWidthStr::width(before.as_str()));
        for message in [&mut zh, &mut en] {
            message.push_str(&format!("\n  {text}\n  {indent}^"));
        }
    }
    Message::new(zh, en)
}

/// What SQLite says of a statement that it does not take.
pub(super) fn described(conn: &Connection, error: Error, sql: &str) -> StatementError {
    let (reason, offset) = match error {
        Error::MultipleStatement => return StatementError::Several,
        Error::SqlInputError { msg, offset, .. } => (msg, usize::try_from(offset).ok()),
        Error::SqliteFailure(_, Some(reason)) => (reason, None),
        other => return StatementError::Sqlite(other),
    };
    // A view of the date: SQLite sees that it cannot be written before it asks the authorizer.
    if reason.starts_with("cannot modify ") {
        return StatementError::Refused(Refused::Change);
    }
    let place = offset.and_then(|offset| place(sql, offset));
    let near = near(conn, &reason, sql).unwrap_or_default();
    StatementError::Wrong { reason, place, near }
}

/// Line and column of an offset in bytes, and the line.
fn place(sql: &str, offset: usize) -> Option<(usize, usize, String)> {
    let before = sql.get(..offset)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(start..)?.chars().count() + 1;
    let text = sql.get(start..)?.lines().next().unwrap_or_default();
    Some((line, column, text.replace('\t', " ")))
}

/// Names that are there and look like the one that SQLite does not find.
fn near(conn: &Connection, reason: &str, sql: &str) -> rusqlite::Result<Vec<String>> {
    let after = |head: &str| reason.strip_prefix(head).map(|name| name.to_ascii_lowercase());
    let bare = |name: String| name.rsplit('.').next().unwrap_or_default().to_owned();
    if let Some(name) = after("no such table: ") {
        return Ok(like(&bare(name), tables(conn)?));
    }
    match after("no such column: ") {
        Some(name) => Ok(like(&bare(name), columns_near(conn, sql)?)),
        None => Ok(Vec::new()),
    }
}

fn like(name: &str, known: Vec<String>) -> Vec<String> {
    let similar = |known: &String| {
        let known = known.to_ascii_lowercase();
        let alike = |known: &str| strsim::normalized_damerau_levenshtein(name, known);
        // The whole may be meant by a part of it, as `agent_name` by `name`.
        known.split('_').map(alike).map(|part| part * PART).fold(alike(&known), f64::max)
    };
    let mut scored: Vec<(f64, String)> =
        known.into_iter().map(|known| (similar(&known), known)).collect();
    scored.retain(|(score, _)| *score >= LIKE);
    scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    scored.into_iter().take(NEAR).map(|(_, known)| known).collect()
}

fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(
        "select distinct name from (select name, type from main.sqlite_schema union all \
         select name, type from temp.sqlite_schema) \
         where type in ('table', 'view') and name not like 'sqlite_%' order by name",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Columns of the tables that the statement names.
fn columns_near(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<String> = sql.split(|c| !is_word(c)).map(str::to_ascii_lowercase).collect();
    let mut columns = Vec::new();
    for table in tables(conn)? {
        if words.contains(&table.to_ascii_lowercase()) {
            columns.extend(columns_of(conn, &table)?);
        }
    }
    columns.sort();
    columns.dedup();
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_line_and_column_of_characters() {
        let sql = "select 1,\n '张三', nme from agent";
        let offset = sql.find("nme").unwrap();
        assert_eq!(place(sql, offset), Some((2, 8, " '张三', nme from agent".to_owned())));
        assert_eq!(place(sql, 0).map(|(line, column, _)| (line, column)), Some((1, 1)));
        assert_eq!(place(sql, 999), None);
    }

    #[test]
    fn names_that_look_like_one_are_found() {
        let known = ["agent", "agent_name", "organ", "working_organ_id"].map(str::to_owned);
        assert_eq!(like("agnet", known.to_vec()), ["agent", "agent_name"]);
        assert_eq!(like("name", known.to_vec()), ["agent_name"]);
        assert_eq!(like("xyz", known.to_vec()), Vec::<String>::new());
    }
}
