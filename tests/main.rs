//! The single integration-test binary, so that polars is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and says which servers it did without"
)]

mod alerts;
mod analyst;
mod callbacks;
mod causes;
mod cli;
mod deliveries;
mod dialects;
mod doctor;
mod explain;
mod fetch;
mod html;
mod import;
mod job;
mod layers;
mod life;
mod login;
mod metrics;
mod naive;
mod oracle;
mod scheduler;
mod packaging;
mod peers;
mod quiet;
mod readme;
mod report;
mod roster;
mod rules;
mod sample;
mod schemas;
mod semantics;
mod session_archive;
#[cfg(feature = "postgres")]
mod shared_store;
mod serve;
mod terms;
mod wecom_api;
mod wecom_db;
