//! The data folder on the disk: private folders and files, atomic replacement, the lock of a tenant, faults.

mod error;
mod lock;
mod private;
mod process;
mod replace;
mod space;
mod versioned_json;

pub use error::DiskError;
pub use lock::{LockError, TenantLock};
pub use private::{
    PRIVATE_FILE, close_to_others, create_private_dirs, create_private_file, open_private_file,
};
pub use process::this_process;
pub use replace::{replace_file, replace_file_with};
pub use space::{free_bytes, keeps_files, sync_dir};
pub use versioned_json::{VersionedJson, VersionedJsonError};
