//! A lake that is open, and whose snapshots it holds.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "lake-s3")]
use crate::config::job::SecretSource;
use crate::config::job::{LakePlace, LakeSettings};
use crate::config::schema::Schema;
#[cfg(feature = "lake-s3")]
use crate::model::Message;

#[cfg(feature = "lake-s3")]
use super::bucket::{Bucket, BucketAccess};
use super::error::LakeError;
use super::folder::Folder;
#[cfg(feature = "lake-s3")]
use super::history::hex;
use super::storage::{Listed, LocalCopy, Storage};

/// A lake.
#[derive(Debug)]
pub struct Lake {
    storage: Box<dyn Storage>,
}

/// A tenant whose snapshots are exported or compared.
#[derive(Debug, Clone, Copy)]
pub struct Tenant<'t> {
    /// Its id.
    pub id: &'t str,
    /// Its database.
    pub database: &'t Path,
    /// What its job says of its fields.
    pub schema: &'t Schema,
}

impl Lake {
    /// A lake in a folder, which is made when something is written.
    pub fn in_folder(root: &Path) -> Lake {
        Lake { storage: Box::new(Folder::new(root)) }
    }

    /// The lake of a job. `scratch` is a folder for files on their way to a bucket or from it.
    ///
    /// # Errors
    /// [`LakeError::Settings`] if a secret is missing, [`LakeError::NotBuiltIn`] if this program was built without buckets.
    pub fn of_job(settings: &LakeSettings, scratch: &Path) -> Result<Lake, LakeError> {
        match &settings.place {
            LakePlace::Folder(root) => Ok(Lake::in_folder(root)),
            LakePlace::Bucket { name, prefix } => Lake::of_bucket(name, prefix, settings, scratch),
        }
    }

    #[cfg(not(feature = "lake-s3"))]
    fn of_bucket(_: &str, _: &str, _: &LakeSettings, _: &Path) -> Result<Lake, LakeError> {
        Err(LakeError::NotBuiltIn { feature: "lake-s3" })
    }

    #[cfg(feature = "lake-s3")]
    fn of_bucket(
        name: &str,
        prefix: &str,
        settings: &LakeSettings,
        scratch: &Path,
    ) -> Result<Lake, LakeError> {
        let s3 = &settings.s3;
        let secret = |secret: &Option<SecretSource>, key: &str| match secret {
            Some(secret) => secret.reveal().map_err(|error| LakeError::Settings(error.message())),
            None => Err(LakeError::Settings(Message::new(
                format!("访问存储桶 {name} 需要 [lake.s3] {key}"),
                format!("the bucket {name} needs {key} in [lake.s3]"),
            ))),
        };
        let access = BucketAccess {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            virtual_hosted: s3.virtual_hosted,
            access_key: secret(&s3.access_key, "access_key")?,
            secret_key: secret(&s3.secret_key, "secret_key")?,
        };
        Lake::in_bucket(&access, scratch)
    }

    /// A lake in a bucket. `scratch` is a folder for files on their way.
    ///
    /// # Errors
    /// [`LakeError::Storage`] if the address is none, or the folder cannot be made.
    #[cfg(feature = "lake-s3")]
    pub fn in_bucket(access: &BucketAccess, scratch: &Path) -> Result<Lake, LakeError> {
        let file = format!("s3://{}/{}", access.name, access.prefix);
        let failed = |source| LakeError::Storage { file, source };
        // Of each opening its own, so that two exports do not meet.
        let mut random = [0; 8];
        let _ = getrandom::fill(&mut random);
        let scratch = scratch.join(format!(".lake-{}", hex(&random)));
        Ok(Lake { storage: Box::new(Bucket::new(access, scratch).map_err(failed)?) })
    }

    pub(super) fn shown(&self, path: &str) -> String {
        self.storage.shown(path)
    }

    fn failed(&self, path: &str) -> impl FnOnce(io::Error) -> LakeError {
        let file = self.storage.shown(path);
        move |source| LakeError::Storage { file, source }
    }

    /// Writes a new file by a function that is given its place on the disk.
    pub(super) fn write<T>(
        &self,
        path: &str,
        write: impl FnOnce(&Path) -> Result<T, LakeError>,
    ) -> Result<T, LakeError> {
        let scratch = self.storage.scratch(path).map_err(self.failed(path))?;
        let written = write(&scratch)?;
        self.storage.keep(path, &scratch).map_err(self.failed(path))?;
        Ok(written)
    }

    /// As [`Lake::write`], of a file that is written bit by bit: where to write it.
    pub(super) fn scratch(&self, path: &str) -> Result<PathBuf, LakeError> {
        self.storage.scratch(path).map_err(self.failed(path))
    }

    /// Puts what was written there into its place.
    pub(super) fn keep(&self, path: &str, scratch: &Path) -> Result<(), LakeError> {
        self.storage.keep(path, scratch).map_err(self.failed(path))
    }

    pub(super) fn create(&self, path: &str, content: &[u8]) -> Result<bool, LakeError> {
        self.storage.create(path, content).map_err(self.failed(path))
    }

    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, LakeError> {
        self.storage.read(path).map_err(self.failed(path))
    }

    pub(super) fn local(&self, path: &str) -> Result<Option<LocalCopy>, LakeError> {
        self.storage.local(path).map_err(self.failed(path))
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<Listed>, LakeError> {
        self.storage.list(folder).map_err(self.failed(folder))
    }

    pub(super) fn remove(&self, path: &str) -> Result<(), LakeError> {
        self.storage.remove(path).map_err(self.failed(path))
    }
}
