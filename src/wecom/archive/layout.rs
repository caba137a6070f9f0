//! Where a tenant's folder holds what belongs to the session archive besides `session.db`.

use std::path::{Path, PathBuf};

/// The folder of keys, files of messages and the lock of pulls.
pub(super) fn folder(tenant_dir: &Path) -> PathBuf {
    tenant_dir.join("session")
}
