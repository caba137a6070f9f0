//! The job file of one insurer, resolved: what the stages are told to do.
//!
//! `written` mirrors the TOML, `resolve` (with `server` and `account`) checks it and fills in the defaults; `keys`
//! knows of every key what it expects, and `document` where it stands, so that each complaint
//! ([`ConfigError`]) can say both.

mod account;
mod alert;
mod cron;
mod dated_path;
mod document;
mod error;
mod host_key;
mod keys;
mod quantity;
mod resolve;
mod resolved;
mod resolver;
mod schedule;
mod secret;
mod server;
mod source;
mod wecom;
mod written;

#[cfg(test)]
mod example_tests;

pub use alert::{AlertChannel, AlertKind, AlertTarget};
pub use cron::{Cron, CronError};
pub use dated_path::DatedPath;
pub use error::{ConfigError, Problem};
pub use resolve::{load, parse};
pub use resolved::{Encoding, Format, GateLimits, Job, RuleSetting};
pub use schedule::Schedule;
pub use secret::{Secret, SecretSource};
pub use source::{
    CertificateTrust, Fetching, FileNames, FtpSource, NameEncoding, Ready, SftpSource, Source, Tls,
};
pub use wecom::{
    AgentId, CallbackSecrets, DomainVerification, Wecom, WecomApp, is_aes_key, is_token,
};
