//! The certificate that a server showed, kept for those who ask how long it is valid.

use std::sync::{Arc, OnceLock};

use super::certificate::CertificateSummary;

/// Where connections put the first certificate that their server shows, trusted or not. Clones share the place.
#[derive(Debug, Clone, Default)]
pub struct ShownCertificate(Arc<OnceLock<CertificateSummary>>);

impl ShownCertificate {
    /// The certificate; `None` while no server has shown one.
    pub fn get(&self) -> Option<&CertificateSummary> {
        self.0.get()
    }

    /// Keeps a certificate, unless one is kept already.
    pub(super) fn keep(&self, der: &[u8]) {
        self.0.get_or_init(|| CertificateSummary::of(der));
    }
}
