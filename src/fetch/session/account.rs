//! The account of an FTP session.

use std::sync::Arc;

use crate::config::job::{FtpSource, Secret};
use crate::fetch::deadline::FetchDeadline;
use crate::tls::ShownCertificate;

/// What a session needs to know.
#[derive(Debug, Clone, Copy)]
pub(in crate::fetch) struct Account<'a> {
    pub(in crate::fetch) source: &'a FtpSource,
    pub(in crate::fetch) password: &'a Secret,
    /// The remote directory; empty for the one after login.
    pub(in crate::fetch) directory: &'a str,
    /// The whole address without secrets, to name in messages.
    pub(in crate::fetch) place: &'a str,
    pub(in crate::fetch) deadline: &'a Arc<FetchDeadline>,
    /// Keeps what the server shows.
    pub(in crate::fetch) certificate: &'a ShownCertificate,
}

impl Account<'_> {
    /// `host:port`, to name in messages.
    pub(in crate::fetch) fn server(&self) -> String {
        format!("{}:{}", self.source.host, self.source.port)
    }
}
