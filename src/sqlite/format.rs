//! The owner (`application_id`) and the format version of a SQLite file, and its migration to the newest format.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite_migration::{Error, M, Migrations};

use super::fault::SqliteFault;

/// The format of one kind of file.
#[derive(Debug, Clone, Copy)]
pub struct FileFormat {
    /// `application_id` of the file.
    pub application_id: i64,
    /// The steps from an empty file to the newest format; `user_version` counts those taken.
    pub migrations: fn() -> Vec<M<'static>>,
}

impl FileFormat {
    /// The newest format that this program knows.
    pub fn supported(self) -> i64 {
        (self.migrations)().len() as i64
    }

    /// Refuses a file of another program and one of a newer orgsnap. Writes nothing.
    ///
    /// # Errors
    /// [`SqliteFault::Foreign`], [`SqliteFault::Newer`]; any fault of the file.
    pub fn check(self, conn: &Connection) -> Result<(), SqliteFault> {
        // All three are read in one transaction: another program may create the tables of a blank file between them.
        let snapshot = conn.unchecked_transaction()?;
        let application = pragma(&snapshot, "application_id")?;
        let (found, supported) = (pragma(&snapshot, "user_version")?, self.supported());
        let objects: i64 =
            snapshot.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
        snapshot.finish()?;
        let blank = application == 0 && found == 0 && objects == 0;
        if application != self.application_id && !blank {
            return Err(SqliteFault::Foreign);
        }
        if found > supported {
            // Closing the last connection would fold the log of the newer program back.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            return Err(SqliteFault::Newer { found, supported });
        }
        Ok(())
    }

    /// The format that a file has; 0 for a blank one.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn found(self, conn: &Connection) -> Result<i64, SqliteFault> {
        Ok(pragma(conn, "user_version")?)
    }

    /// The format of a file that has an earlier one; none for the newest and for a blank file.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn earlier(self, conn: &Connection) -> Result<Option<i64>, SqliteFault> {
        let found = self.found(conn)?;
        Ok((found > 0 && found < self.supported()).then_some(found))
    }

    /// Takes the missing steps. Two programs may do so at once: the second finds nothing left to do.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn migrate(self, conn: &mut Connection) -> Result<(), SqliteFault> {
        self.migrate_by(conn, (self.migrations)())
    }

    /// As [`FileFormat::migrate`], by steps that need more than the file.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn migrate_by(
        self,
        conn: &mut Connection,
        steps: Vec<M<'static>>,
    ) -> Result<(), SqliteFault> {
        let current = |conn: &Connection| {
            pragma(conn, "user_version").map(|version| version >= self.supported())
        };
        if current(conn)? {
            return Ok(());
        }
        match Migrations::new(steps).to_latest(conn) {
            Ok(()) => Ok(()),
            // The other program took the step after this one had looked.
            Err(_) if current(conn)? => Ok(()),
            Err(Error::RusqliteError { err, .. }) => Err(err.into()),
            Err(other) => {
                Err(SqliteFault::Other(rusqlite::Error::ToSqlConversionFailure(Box::new(other))))
            }
        }
    }
}

fn pragma(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const FORMAT: FileFormat = FileFormat {
        application_id: 0x6f72_7465,
        migrations: || vec![M::up("pragma application_id = 0x6f727465; create table t (x)")],
    };

    /// The header values were read one after the other: some of them before the other program's commit.
    #[test]
    fn a_blank_file_that_another_program_migrates_is_never_foreign() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..200 {
            let path = dir.path().join(n.to_string());
            let conn = Connection::open(&path).unwrap();
            conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
            thread::scope(|scope| {
                let migration = scope.spawn(|| {
                    FORMAT.migrate(&mut Connection::open(&path).unwrap()).unwrap();
                });
                while !migration.is_finished() {
                    FORMAT.check(&conn).unwrap();
                }
            });
            assert_eq!(pragma(&conn, "application_id").unwrap(), FORMAT.application_id);
        }
    }
}
