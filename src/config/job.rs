//! The job file of one insurer, resolved.
//!
//! Each section has a file: its table as written, its keys with type, default and expectation, its part of the
//! example, and its resolver. `keys` is the table of all of them, from which error messages and the example are made; `document`
//! knows where each key is, so that a [`ConfigError`] names the place and the expected value.

mod account;
mod alert;
mod algorithms;
mod app_id_owners;
mod archive;
mod codes;
mod cron;
mod data_connections;
mod dated_path;
mod document;
mod domain_verification;
mod error;
mod fetching;
mod file_names;
mod format;
mod gate;
mod host_key;
mod in_force;
mod json_schema;
mod key;
mod keys;
mod limits;
mod platform_account;
mod quantity;
mod ready;
mod report;
mod resolve;
mod resolved;
mod resolver;
mod root;
mod rules;
mod schedule;
mod secret;
mod site;
mod source;
mod source_section;
mod store_section;
mod tls;
mod toml_fault;
mod tops;
mod unset;
mod value_type;
mod values;
mod wecom;
mod wecom_app;
mod wecom_archive;
mod wecom_login;
mod wecom_roster;
mod wecom_section;

#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod in_force_tests;
#[cfg(test)]
mod json_schema_tests;
#[cfg(test)]
mod key_tests;

pub use alert::{AlertChannel, AlertKind, AlertTarget};
pub use algorithms::OLD as OLD_ALGORITHMS;
pub use app_id_owners::AppIdOwners;
pub use archive::ArchiveSettings;
pub use codes::CodeWords;
pub use cron::{Cron, CronError};
pub use dated_path::DatedPath;
pub use error::{ConfigError, Problem};
pub use format::{Encoding, Export, Format, PinnedLines};
pub use gate::GateLimits;
pub use in_force::{Origin, SecretState, Setting, Surroundings, settings_in_force};
pub use json_schema::json_schema;
pub use keys::example;
pub use quantity::duration;
pub use report::{ReplySettings, ReportFormat, ReportSettings};
pub use resolve::{load, parse};
pub use resolved::{Job, ReadingTables};
pub use rules::RuleSetting;
pub use schedule::Schedule;
pub use secret::{Secret, SecretSource};
pub use site::Site;
pub use source::{
    CertificateTrust, DataConnections, Fetching, FileNames, FtpSource, NameEncoding, Ready,
    SftpSource, Source, Tls,
};
pub use store_section::StoreSettings;
pub use tops::TopWords;
pub use wecom::{
    AccountKind, AgentId, ApiAddresses, CallbackSecrets, DomainVerification, IdCase, LoginSettings,
    PlatformAccount, RosterMapping, Wecom, WecomApp, is_aes_key, is_token,
};
pub use wecom_archive::WecomArchive;
