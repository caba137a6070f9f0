//! Runs a statement of an analyst, which can read and nothing else, whatever it says.
//!
//! The file is open for reading only; what could reach other files, change temporary tables or load code is refused by
//! SQLite's authorizer, which is asked about each thing a statement does before it runs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{ErrorCode, Statement};

use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::statement_error::{Refused, StatementError, described};

/// Pragmas that only tell something.
const PRAGMAS: [&str; 15] = [
    "application_id",
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];
/// Those of them that would be set by a value; the value of the others names a table.
const SETTABLE: [&str; 2] = ["application_id", "user_version"];

/// Instructions of SQLite after which the time is looked at.
const INSTRUCTIONS: i32 = 20_000;
/// Bytes of the largest text that a statement may make.
const MAX_CELL: i32 = 16 * 1024 * 1024;

/// A cell of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum CellValue<'a> {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text; what is not UTF-8 is replaced.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> CellValue<'a> {
    pub(super) fn of(value: ValueRef<'a>) -> CellValue<'a> {
        match value {
            ValueRef::Null => CellValue::Null,
            ValueRef::Integer(number) => CellValue::Integer(number),
            ValueRef::Real(number) => CellValue::Real(number),
            ValueRef::Text(text) => CellValue::Text(String::from_utf8_lossy(text)),
            ValueRef::Blob(bytes) => CellValue::Blob(bytes),
        }
    }
}

/// Takes the rows of an answer.
pub trait RowSink {
    /// The names of the columns, before the first row.
    ///
    /// # Errors
    /// If they cannot be written.
    fn columns(&mut self, names: &[&str]) -> io::Result<()>;

    /// A row. `false` ends the reading: there is no room for further ones.
    ///
    /// # Errors
    /// If it cannot be written.
    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool>;
}

/// What a statement is asked with.
pub struct Question<'q> {
    /// The statement.
    pub sql: &'q str,
    /// Values of its parameters, by their names without the sign before them.
    pub parameters: &'q [(String, String)],
}

/// What the authorizer saw.
#[derive(Debug, Default)]
struct Seen {
    tables: BTreeSet<String>,
    refused: Option<Refused>,
}

impl Reader {
    /// The tables and views that a statement reads, and those that its views read.
    ///
    /// # Errors
    /// As [`Reader::ask`]; it is not run.
    pub fn tables_of(&self, sql: &str) -> Result<BTreeSet<String>, StatementError> {
        let (_, tables) = self.prepared(sql)?;
        Ok(tables)
    }

    /// Runs a statement. `is_over` is asked from time to time whether the time for it is over.
    ///
    /// # Errors
    /// [`StatementError`]: a statement that is wrong or may not run, parameters that do not fit, the end of the time; rows
    /// that cannot be written.
    pub fn ask(
        &self,
        question: &Question<'_>,
        is_over: Option<Box<dyn FnMut() -> bool + Send>>,
        sink: &mut dyn RowSink,
    ) -> Result<(), StatementError> {
        let (mut statement, _) = self.prepared(question.sql)?;
        bind(&mut statement, question.parameters)?;
        let conn = self.connection();
        conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_CELL)?;
        conn.progress_handler(INSTRUCTIONS, is_over)?;
        let answered = answer(&mut statement, sink);
        conn.progress_handler(0, None::<fn() -> bool>)?;
        answered.map_err(|error| self.told_apart(error))
    }

    /// A fault of the file has a remedy of its own; others are those of the statement.
    fn told_apart(&self, error: StatementError) -> StatementError {
        let StatementError::Sqlite(error) = error else { return error };
        match error.sqlite_error_code() {
            None
            | Some(
                ErrorCode::Unknown
                | ErrorCode::TooBig
                | ErrorCode::TypeMismatch
                | ErrorCode::ParameterOutOfRange
                | ErrorCode::ConstraintViolation,
            ) => StatementError::Sqlite(error),
            Some(_) => StatementError::Store(self.fault(error)),
        }
    }

    fn prepared(&self, sql: &str) -> Result<(Statement<'_>, BTreeSet<String>), StatementError> {
        let conn = self.connection();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let told = Arc::clone(&seen);
        conn.authorizer(Some(move |context: AuthContext<'_>| {
            authorize(&context, &mut told.lock().unwrap_or_else(PoisonError::into_inner))
        }))?;
        let prepared = conn.prepare(sql);
        conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        match prepared {
            // A comment or nothing: no columns and nothing refused.
            Ok(statement) if !statement.readonly() => Err(StatementError::Refused(Refused::Change)),
            Ok(statement) if statement.column_count() == 0 => Err(StatementError::Empty),
            Ok(statement) => Ok((statement, seen.tables)),
            Err(error) => Err(match seen.refused {
                Some(refused) => StatementError::Refused(refused),
                None if error.to_string().contains("no such ") && self.is_earlier()? => {
                    StatementError::Store(self.fault(error))
                }
                None => described(conn, error, sql),
            }),
        }
    }
}

fn authorize(context: &AuthContext<'_>, seen: &mut Seen) -> Authorization {
    let refused = match context.action {
        AuthAction::Select | AuthAction::Recursive => return Authorization::Allow,
        AuthAction::Read { table_name, .. } => {
            seen.tables.insert(table_name.to_owned());
            return Authorization::Allow;
        }
        AuthAction::Function { function_name } => {
            if !function_name.eq_ignore_ascii_case("load_extension") {
                return Authorization::Allow;
            }
            Refused::Extension
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let name = pragma_name.to_ascii_lowercase();
            let sets = pragma_value.is_some() && SETTABLE.contains(&name.as_str());
            if PRAGMAS.contains(&name.as_str()) && !sets {
                return Authorization::Allow;
            }
            Refused::Pragma(name)
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Refused::Attach,
        _ => Refused::Change,
    };
    seen.refused.get_or_insert(refused);
    Authorization::Deny
}

/// Gives the parameters their values: whole numbers in plain digits as numbers, everything else as text.
fn bind(statement: &mut Statement<'_>, given: &[(String, String)]) -> Result<(), StatementError> {
    let mut used = BTreeSet::new();
    for at in 1..=statement.parameter_count() {
        // One without a name has its number.
        let name = statement.parameter_name(at).map_or(format!("?{at}"), str::to_owned);
        let bare = name.trim_start_matches([':', '@', '$', '?']);
        let Some((known, value)) = given.iter().find(|(known, _)| known == bare) else {
            return Err(StatementError::ParameterMissing(name));
        };
        used.insert(known.as_str());
        match value.parse::<i64>() {
            Ok(number) if number.to_string() == *value => {
                statement.raw_bind_parameter(at, number)?;
            }
            _ => statement.raw_bind_parameter(at, value)?,
        }
    }
    match given.iter().find(|(name, _)| !used.contains(name.as_str())) {
        Some((name, _)) => Err(StatementError::ParameterUnknown(name.clone())),
        None => Ok(()),
    }
}

fn answer(statement: &mut Statement<'_>, sink: &mut dyn RowSink) -> Result<(), StatementError> {
    let names: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rows = statement.raw_query();
    let mut first = true;
    loop {
        // The first row comes before the headings, so that a statement that fails at once writes nothing.
        let row = rows.next().map_err(while_running)?;
        if std::mem::take(&mut first) {
            sink.columns(&names)?;
        }
        let Some(row) = row else { return Ok(()) };
        let mut cells = Vec::with_capacity(names.len());
        for at in 0..names.len() {
            cells.push(CellValue::of(row.get_ref(at)?));
        }
        if !sink.row(&cells)? {
            return Ok(());
        }
    }
}

fn while_running(error: rusqlite::Error) -> StatementError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StatementError::TimeOver,
        Some(ErrorCode::TooBig) => StatementError::TooBig,
        _ => error.into(),
    }
}
