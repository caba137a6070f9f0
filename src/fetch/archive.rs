//! The archive of raw deliveries: each file as it came, zstd-compressed, with a manifest.
//!
//! `<tenant's folder>/archive/<business date>/<run>/` holds `<name>.zst` for every file and
//! `manifest.json`. The manifest is written last: a folder without one is a delivery that was not
//! archived to the end. Everything is closed to other users; rosters are personal data.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Feed, Message, RunId, json_reason, system_reason};

use super::compression::compress;
use super::digest;
use super::{Content, Fetched, RawDelivery, RawFile};
use crate::disk::{DiskError, create_private_dirs, create_private_file, sync_dir};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";

/// The version of the manifest's form that this program writes and reads.
const VERSION: u32 = 1;

/// What a delivery is archived as.
#[derive(Debug, Clone, Copy)]
pub struct Label<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The run that fetched it.
    pub run: &'a RunId,
    /// The delivery's business date.
    pub business_date: NaiveDate,
    /// When it was fetched.
    pub fetched: DateTime<Utc>,
}

/// A fault of the archive. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk is full, read-only or closed.
    Disk(#[from] DiskError),
    /// The run is archived already, or an attempt at it was.
    Exists {
        /// Its folder.
        path: PathBuf,
    },
    /// An archived delivery cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An archived delivery is not what was archived.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: Message,
    },
    /// A line of the journal is wrong.
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, 1-based.
        line: usize,
        /// What is wrong with it.
        what: Message,
    },
}

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    version: u32,
    tenant: String,
    run: String,
    business_date: String,
    /// RFC 3339, as `mtime`.
    fetched: String,
    /// Without secrets.
    source: String,
    files: Vec<Entry>,
}

/// One file of the manifest, in report order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    feed: String,
    name: String,
    /// The zip file that it came in; hash, size and time are those of that file then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    /// `archived`, `missing` or `oversized`.
    state: State,
    /// Bytes as delivered.
    size: Option<u64>,
    sha256: Option<String>,
    mtime: Option<String>,
    /// The size limit that an oversized file passed, in bytes.
    limit: Option<u64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Archived,
    Missing,
    Oversized,
}

/// Archives a delivery below a tenant's folder. Returns the folder made.
///
/// When this returns, the archive is on disk for good.
///
/// # Errors
/// If the disk does not take it, or the run is there already. What was written stays, without a
/// manifest.
pub fn write(
    tenant_dir: &Path,
    label: &Label<'_>,
    delivery: &RawDelivery,
) -> Result<PathBuf, ArchiveError> {
    let (day, folder) = make_folder(tenant_dir, label)?;
    for fetched in &delivery.files {
        if let Fetched::File(file) = fetched {
            let path = packed(&folder, file.container.as_ref().unwrap_or(&file.name));
            // A zip file is that of several feeds.
            if file.container.is_none() || !path.exists() {
                compress(file, &path)?;
            }
        }
    }
    let manifest = Manifest {
        version: VERSION,
        tenant: label.tenant.to_owned(),
        run: label.run.0.clone(),
        business_date: label.business_date.to_string(),
        fetched: label.fetched.to_rfc3339(),
        source: delivery.source.clone(),
        files: delivery.files.iter().map(Entry::of).collect(),
    };
    write_manifest(&day, &folder, &manifest)?;
    Ok(folder)
}

/// Reads an archived delivery back from its folder. Every file is as it was delivered, to the byte.
///
/// # Errors
/// If the folder has no manifest, or one of a newer version, or a file does not match it.
pub fn read(folder: &Path) -> Result<RawDelivery, ArchiveError> {
    read_only(folder, &Feed::ALL)
}

/// The zip file that the file of a feed came in; none if it came by itself.
///
/// # Errors
/// If the folder has no manifest, or one of a newer version.
pub fn container(folder: &Path, feed: Feed) -> Result<Option<String>, ArchiveError> {
    let entries = manifest(folder)?.files;
    Ok(entries.into_iter().find(|entry| entry.feed == feed.name()).and_then(|e| e.container))
}

/// As [`read`], but only the files of these feeds; the others count as missing.
///
/// # Errors
/// As [`read`].
pub fn read_only(folder: &Path, feeds: &[Feed]) -> Result<RawDelivery, ArchiveError> {
    let manifest = manifest(folder)?;
    let mut files = Vec::with_capacity(Feed::ALL.len());
    for (feed, entry) in Feed::ALL.into_iter().zip(&manifest.files) {
        if entry.feed != feed.name() || manifest.files.len() != Feed::ALL.len() {
            break;
        }
        files.push(match feeds.contains(&feed) {
            true => entry.restore(feed, folder)?,
            false => Fetched::Missing { feed, name: entry.name.clone(), near: Vec::new() },
        });
    }
    if files.len() != Feed::ALL.len() {
        return Err(ArchiveError::Damaged {
            path: folder.join(MANIFEST),
            what: Message::fixed(
                "清单中的文件不是四个，或顺序不对",
                "the manifest does not list the four files in order",
            ),
        });
    }
    Ok(RawDelivery { source: manifest.source, files, downloads: Vec::new() })
}

/// What the manifest of an archived delivery says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The run that archived it.
    pub run: RunId,
    /// When it was fetched.
    pub fetched: DateTime<Utc>,
    /// SHA-256 of the files that were delivered, in report order.
    pub sha256: Vec<Option<String>>,
}

/// What the manifest of an archived delivery says of it.
///
/// # Errors
/// If the folder has no manifest, or one of a newer version.
pub fn facts(folder: &Path) -> Result<Archived, ArchiveError> {
    let manifest = manifest(folder)?;
    let fetched = manifest.fetched.parse().map_err(|_| ArchiveError::Damaged {
        path: folder.join(MANIFEST),
        what: Message::fixed("获取时间有误", "its time is none"),
    })?;
    let sha256 = manifest.files.into_iter().map(|entry| entry.sha256).collect();
    Ok(Archived { run: RunId(manifest.run), fetched, sha256 })
}

/// The compressed files of an archived delivery, each once.
pub(super) fn packed_files(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let entries = manifest(folder)?.files;
    let archived = entries.iter().filter(|entry| matches!(entry.state, State::Archived));
    let path = |entry: &Entry| packed(folder, entry.container.as_ref().unwrap_or(&entry.name));
    let mut files: Vec<PathBuf> = archived.map(path).collect();
    files.dedup();
    Ok(files)
}

/// Archives a delivery that is archived already as that of another run, without a second copy of its files where the
/// disk can do that. Returns the folder made, which is on disk for good.
///
/// # Errors
/// As [`write`]; if the archived delivery has no manifest.
pub fn link(tenant_dir: &Path, from: &Path, label: &Label<'_>) -> Result<PathBuf, ArchiveError> {
    let manifest = manifest(from)?;
    let (day, folder) = make_folder(tenant_dir, label)?;
    for entry in manifest.files.iter().filter(|entry| matches!(entry.state, State::Archived)) {
        let name = entry.container.as_ref().unwrap_or(&entry.name);
        let (old, new) = (packed(from, name), packed(&folder, name));
        // A zip file is that of several feeds.
        if new.exists() {
            continue;
        }
        let linked = fs::hard_link(&old, &new).or_else(|_| {
            fs::copy(&old, &new)?;
            File::open(&new)?.sync_all()
        });
        linked.map_err(DiskError::at(&old))?;
    }
    let manifest = Manifest {
        run: label.run.0.clone(),
        business_date: label.business_date.to_string(),
        ..manifest
    };
    write_manifest(&day, &folder, &manifest)?;
    Ok(folder)
}

/// The folder of a run, made anew, below that of its date.
fn make_folder(tenant_dir: &Path, label: &Label<'_>) -> Result<(PathBuf, PathBuf), ArchiveError> {
    let day = tenant_dir.join("archive").join(label.business_date.to_string());
    let folder = day.join(&label.run.0);
    create_private_dirs(&day)?;
    if folder.exists() {
        return Err(ArchiveError::Exists { path: folder });
    }
    create_private_dirs(&folder)?;
    Ok((day, folder))
}

fn write_manifest(day: &Path, folder: &Path, manifest: &Manifest) -> Result<(), ArchiveError> {
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(manifest)
        .map_err(|error| DiskError { path: path.clone(), source: error.into() })?;
    let mut file = create_private_file(&path)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(DiskError::at(&path))?;
    for dir in [folder, day] {
        sync_dir(dir)?;
    }
    Ok(())
}

fn manifest(folder: &Path) -> Result<Manifest, ArchiveError> {
    let path = folder.join(MANIFEST);
    let text = fs::read(&path)
        .map_err(|source| ArchiveError::Unreadable { path: path.clone(), source })?;
    let damaged = |zh: String, en: String| ArchiveError::Damaged {
        path: path.clone(),
        what: Message::new(zh, en),
    };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
        let Message { zh, en } = json_reason(&error);
        damaged(format!("清单无法解析：{zh}"), format!("no manifest: {en}"))
    })?;
    if manifest.version != VERSION {
        let version = manifest.version;
        return Err(damaged(
            format!("本程序不支持清单版本 {version}；请升级 orgsnap"),
            format!("manifest version {version} is not known here; use a newer orgsnap"),
        ));
    }
    Ok(manifest)
}

impl Entry {
    fn of(fetched: &Fetched) -> Entry {
        let bare = |state| Entry {
            feed: fetched.feed().name().to_owned(),
            name: fetched.name().to_owned(),
            container: None,
            state,
            size: None,
            sha256: None,
            mtime: None,
            limit: None,
        };
        match fetched {
            Fetched::File(file) => Entry {
                size: Some(file.size),
                sha256: Some(file.sha256.clone()),
                mtime: file.mtime.map(|mtime| mtime.to_rfc3339()),
                container: file.container.clone(),
                ..bare(State::Archived)
            },
            Fetched::Missing { .. } => bare(State::Missing),
            Fetched::Oversized { size, limit, .. } => {
                Entry { size: Some(*size), limit: Some(*limit), ..bare(State::Oversized) }
            }
        }
    }

    fn restore(&self, feed: Feed, folder: &Path) -> Result<Fetched, ArchiveError> {
        let name = self.name.clone();
        Ok(match self.state {
            State::Missing => Fetched::Missing { feed, name, near: Vec::new() },
            State::Oversized => Fetched::Oversized {
                feed,
                name,
                size: self.size.unwrap_or_default(),
                limit: self.limit.unwrap_or_default(),
            },
            State::Archived => {
                let path = packed(folder, self.container.as_ref().unwrap_or(&name));
                let bytes = File::open(&path)
                    .and_then(zstd::stream::decode_all)
                    .map_err(|source| ArchiveError::Unreadable { path: path.clone(), source })?;
                let (size, sha256) = (bytes.len() as u64, digest::sha256(&bytes));
                if self.sha256.as_deref() != Some(sha256.as_str()) || self.size != Some(size) {
                    let what = Message::fixed(
                        "内容与清单中的 SHA-256 不符",
                        "its content is not that of the manifest's SHA-256",
                    );
                    return Err(ArchiveError::Damaged { path, what });
                }
                let mtime = self.mtime.as_deref().and_then(|text| text.parse().ok());
                let content = Content::Memory(Arc::new(bytes));
                let (container, expanded) = (self.container.clone(), None);
                Fetched::File(RawFile {
                    feed,
                    name,
                    container,
                    content,
                    sha256,
                    size,
                    mtime,
                    expanded,
                })
            }
        })
    }
}

fn packed(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.zst"))
}

impl ArchiveError {
    /// What is not there any more, if that is the fault: a file, or the folder of the whole delivery.
    pub fn gone(&self) -> Option<&Path> {
        match self {
            ArchiveError::Unreadable { path, source }
                if source.kind() == io::ErrorKind::NotFound =>
            {
                let folder = path.parent().filter(|folder| !folder.exists());
                Some(folder.unwrap_or(path))
            }
            _ => None,
        }
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            ArchiveError::Disk(error) => error.message(),
            ArchiveError::Exists { path } => Message::new(
                format!("归档 {} 已存在；请重新运行", path.display()),
                format!("the archive {} exists already; run again", path.display()),
            ),
            ArchiveError::Unreadable { path, source } => {
                let (path, Message { zh, en }) = (path.display(), system_reason(source));
                Message::new(
                    format!("无法读取归档 {path}：{zh}；请检查数据目录"),
                    format!("cannot read the archive {path}: {en}; check the data folder"),
                )
            }
            ArchiveError::Journal { path, line, what } => {
                let path = path.display();
                Message::new(
                    format!(
                        "归档日志 {path} 第 {line} 行有误：{}；请从备份恢复该文件，或更正该行（每行一个 JSON 对象）后重试",
                        what.zh
                    ),
                    format!(
                        "the journal {path} has a fault on line {line}: {}; restore the file from a backup, or correct that line (one JSON object a \
                         line), then try again",
                        what.en
                    ),
                )
            }
            ArchiveError::Damaged { path, what } => Message::new(
                format!("归档 {} 已损坏：{}", path.display(), what.zh),
                format!("the archive {} is damaged: {}", path.display(), what.en),
            ),
        }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
