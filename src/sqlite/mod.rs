//! What the databases, `org.db`, `wecom.db` and `session.db`, have in common: opening, formats, faults, the data
//! dictionary, the online backup.

mod backup;
mod connection;
pub mod dictionary;
mod fault;
mod format;

pub use backup::backup;
pub use connection::{BusyPolicy, connect, open_for_reading, open_for_writing};
pub use fault::SqliteFault;
pub use format::FileFormat;
