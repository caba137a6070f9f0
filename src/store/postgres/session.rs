//! A connection to the server, and what goes over it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::model::Message;
use crate::store::error::StoreError;
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::copy::{CopiedRow, CopyIn, each_row};
use crate::tls::{Certificates, Trust, client_config};

/// How long a statement waits for another transaction, in milliseconds.
const LOCK_TIMEOUT: u32 = 5_000;

#[cfg(test)]
thread_local! {
    /// Is called before each statement of this thread, by tests of what happens between two of them.
    pub(in crate::store) static BEFORE_STATEMENT: std::cell::RefCell<Option<Box<dyn FnMut()>>> =
        const { std::cell::RefCell::new(None) };
}

/// Tells tests that a statement follows.
#[cfg(test)]
fn before_statement() {
    // Taken out meanwhile: what is called may use sessions of its own.
    let called = BEFORE_STATEMENT.with(|hook| hook.borrow_mut().take());
    if let Some(mut call) = called {
        call();
        BEFORE_STATEMENT.with(|hook| *hook.borrow_mut() = Some(call));
    }
}

#[cfg(not(test))]
fn before_statement() {}

/// A connection to the server.
pub(in crate::store) struct Session {
    client: Client,
    address: ServerAddress,
    /// Whether the server has given up waiting for its standby in a commit.
    is_local_only: Arc<AtomicBool>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.address).finish()
    }
}

impl Session {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::ServerUnreachable`]; [`StoreError::ServerUrl`] for certificates that cannot be read; any fault of the
    /// server.
    pub(super) fn open(address: &ServerAddress) -> Result<Session, StoreError> {
        let is_local_only = Arc::new(AtomicBool::new(false));
        let mut config = address.config.clone();
        let heard = Arc::clone(&is_local_only);
        config.notice_callback(move |notice| {
            // Of a commit that waits for a standby: it is done here, and perhaps nowhere else.
            if [&SqlState::QUERY_CANCELED, &SqlState::ADMIN_SHUTDOWN].contains(&notice.code()) {
                heard.store(true, Ordering::Relaxed);
            }
        });
        let opened = match address.has_tls {
            false => config.connect(NoTls),
            true => {
                let trust = match &address.root_certificates {
                    None => Trust::PublicRoots,
                    Some(path) => Trust::Certificates(
                        Certificates::of_file(path)
                            .map_err(|error| StoreError::ServerUrl { why: error.message() })?,
                    ),
                };
                let tls = client_config(trust).map_err(|error| StoreError::ServerUrl {
                    why: Message::new(error.to_string(), error.to_string()),
                })?;
                config.connect(MakeRustlsConnect::new(tls))
            }
        };
        let client = opened.map_err(|error| connecting(&address.label, &error))?;
        let mut session = Session { client, address: address.clone(), is_local_only };
        session.batch(&format!(
            "set datestyle = 'ISO, YMD'; set timezone = 'UTC'; set client_min_messages = warning; \
             set statement_timeout = '{}s'; set lock_timeout = {LOCK_TIMEOUT}",
            address.statement_timeout
        ))?;
        Ok(session)
    }

    /// Hosts and database.
    pub(super) fn label(&self) -> &str {
        &self.address.label
    }

    /// Where it is connected to.
    pub(super) fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether a commit has been made here alone, though it was to wait for a standby.
    pub(super) fn is_local_only(&self) -> bool {
        self.is_local_only.load(Ordering::Relaxed)
    }

    fn done<T>(&self, result: Result<T, postgres::Error>) -> Result<T, StoreError> {
        result.map_err(|error| fault(&self.address.label, &error))
    }

    /// Runs statements.
    pub(in crate::store) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        before_statement();
        let done = self.client.batch_execute(sql);
        self.done(done)
    }

    /// Runs a statement and returns how many rows it concerned.
    pub(super) fn execute(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        before_statement();
        let done = self.client.execute(sql, parameters);
        self.done(done)
    }

    /// Asks for few rows.
    pub(in crate::store) fn query(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        before_statement();
        let rows = self.client.query(sql, parameters);
        self.done(rows)
    }

    /// Asks for one value.
    pub(in crate::store) fn value<T: for<'r> postgres::types::FromSql<'r>>(
        &mut self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<T>, StoreError> {
        before_statement();
        let row = self.client.query_opt(sql, parameters);
        match self.done(row)? {
            Some(row) => self.done(row.try_get(0)),
            None => Ok(None),
        }
    }

    /// Sends rows into columns of a table, given as they stand in a statement.
    pub(super) fn copy_in(
        &mut self,
        into: &str,
        send: impl FnOnce(&mut CopyIn<'_>) -> io::Result<()>,
    ) -> Result<u64, StoreError> {
        before_statement();
        let label = &self.address.label;
        let sql = format!("copy {into} from stdin (format binary)");
        let writer = self.client.copy_in(&sql).map_err(|error| fault(label, &error))?;
        let mut copy = CopyIn::new(writer);
        let sent = send(&mut copy).and_then(|()| copy.finish());
        sent.map_err(|error| copying(label, &error))
    }

    /// Reads the rows of a query.
    pub(super) fn copy_out(
        &mut self,
        query: &str,
        mut each: impl FnMut(&CopiedRow) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        before_statement();
        let label = &self.address.label;
        let sql = format!("copy ({query}) to stdout (format binary)");
        let reader = self.client.copy_out(&sql).map_err(|error| fault(label, &error))?;
        each_row(reader, &mut each).map_err(|error: io::Error| copying(label, &error))
    }
}

/// What the server says, without the values that it may quote.
fn reason(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} (SQLSTATE {})", db.message(), db.code().code()),
        None => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            text
        }
    }
}

/// A fault while connecting.
fn connecting(label: &str, error: &postgres::Error) -> StoreError {
    let (server, reason) = (label.to_owned(), reason(error));
    match error.code() {
        Some(code)
            if [
                &SqlState::INVALID_PASSWORD,
                &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
                &SqlState::INVALID_CATALOG_NAME,
                &SqlState::INSUFFICIENT_PRIVILEGE,
            ]
            .contains(&code) =>
        {
            StoreError::ServerLogin { server, reason }
        }
        _ => StoreError::ServerUnreachable { server, reason },
    }
}

/// A fault of an open connection.
fn fault(label: &str, error: &postgres::Error) -> StoreError {
    let server = label.to_owned();
    let Some(code) = error.code() else {
        return StoreError::ServerUnreachable { server, reason: reason(error) };
    };
    if [
        &SqlState::LOCK_NOT_AVAILABLE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::T_R_SERIALIZATION_FAILURE,
    ]
    .contains(&code)
    {
        return StoreError::Locked { path: server.into() };
    }
    if [
        &SqlState::DISK_FULL,
        &SqlState::OUT_OF_MEMORY,
        &SqlState::TOO_MANY_CONNECTIONS,
        &SqlState::ADMIN_SHUTDOWN,
        &SqlState::CRASH_SHUTDOWN,
        &SqlState::CANNOT_CONNECT_NOW,
        &SqlState::QUERY_CANCELED,
        &SqlState::READ_ONLY_SQL_TRANSACTION,
    ]
    .contains(&code)
    {
        return StoreError::ServerUnreachable { server, reason: reason(error) };
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return StoreError::ServerLogin { server, reason: reason(error) };
    }
    StoreError::Server { server, reason: reason(error) }
}

/// A fault within a copy.
fn copying(label: &str, error: &io::Error) -> StoreError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>());
    match inner {
        Some(error) => fault(label, error),
        None => StoreError::Server { server: label.to_owned(), reason: error.to_string() },
    }
}
