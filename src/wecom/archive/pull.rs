//! A pull: everything that came since the last one.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap_archive_reader::{Fault, Network};

use super::caller_address;
use super::chat_data::{ChatData, Encrypted, Item};
use super::coverage::{covered_until, gap};
use super::error::ArchiveError;
use super::keys::{KeyFolder, PrivateKeys, UnreadableKey, UnwrapFault};
use super::layout;
use super::library::{CallFault, Library, LibrarySettings};
use super::media;
use super::message::MessageFields;
use super::store::{
    Batch, DATABASE, Progress, Reason, SessionStore, StoredMessage, Undecrypted, UndecryptedCount,
};
use super::summary::{Gap, PullSummary, UndecryptedGroup, UndecryptedWhy};
use crate::config::job::{Job, WecomArchive};
use crate::disk::TenantLock;
use crate::model::Cancel;

/// The most messages that WeCom hands over at once.
const LIMIT: u32 = 1_000;

/// How many of them are decrypted and stored in one transaction: little enough that a pull that is killed again and again
/// gets on.
const AT_ONCE: usize = 100;

/// How many messages are tried again in a pull although a key of their version was there the last time.
const MOST_AGAIN: u32 = 10_000;

/// How long a look may wait for an answer of the library.
const LONGEST_PROBE: Duration = Duration::from_secs(15);

/// A pull, or a look whether one would work.
#[derive(Debug, Clone, Copy)]
pub struct PullRequest<'a> {
    /// The job file with `[wecom.archive]`.
    pub job: &'a Job,
    /// The tenant's folder.
    pub tenant_dir: &'a Path,
    /// The program that loads the library, unless the job names another.
    pub reader: &'a Path,
    /// The variables that this program gets.
    pub environment: &'a [(OsString, OsString)],
    /// The time.
    pub now: DateTime<Utc>,
    /// Asked to end, a pull ends after the messages at hand.
    pub cancel: &'a Cancel,
}

impl<'a> PullRequest<'a> {
    fn settings(&self) -> Result<&'a WecomArchive, ArchiveError> {
        let file = || ArchiveError::NotConfigured { file: self.job.path.clone() };
        self.job.wecom.archive.as_ref().ok_or_else(file)
    }

    fn library(&self, settings: &WecomArchive) -> Result<Library, ArchiveError> {
        let password =
            settings.proxy_password.as_ref().map(|secret| secret.reveal()).transpose()?;
        let seconds = settings.timeout.as_secs().max(1);
        Ok(Library::new(LibrarySettings {
            program: settings.reader.clone().unwrap_or_else(|| self.reader.to_path_buf()),
            environment: self.environment.to_vec(),
            library: settings.library.clone(),
            // The job is refused without it.
            corp_id: self.job.wecom.corp_id.clone().unwrap_or_default(),
            secret: settings.secret.reveal()?.expose().to_owned(),
            network: Network {
                proxy: settings.proxy.clone().unwrap_or_default(),
                proxy_password: password
                    .map(|secret| secret.expose().to_owned())
                    .unwrap_or_default(),
                timeout: u32::try_from(seconds).unwrap_or(u32::MAX),
            },
        }))
    }
}

/// Pulls everything that came since the last time.
///
/// # Errors
/// See [`ArchiveError`]. What was stored before stays, and the next pull goes on from there.
pub fn pull(request: PullRequest<'_>) -> Result<PullSummary, ArchiveError> {
    let settings = request.settings()?;
    let folder = layout::folder(request.tenant_dir);
    let _lock = TenantLock::acquire(&folder, "wecom archive pull", request.now)?;
    let key_folder = KeyFolder::of(request.tenant_dir);
    let keys = key_folder.load()?;
    let unreadable_keys = keys.unreadable.iter().map(UnreadableKey::message).collect();
    let has_keys = !keys.is_empty();
    let mut pull = Pull {
        request,
        settings,
        library: request.library(settings)?,
        keys,
        store: SessionStore::open(request.tenant_dir)?,
        summary: PullSummary { unreadable_keys, ..PullSummary::default() },
    };
    // Those that come now are not to be tried twice.
    let before = pull.store.progress()?.last_seq;
    let fetched =
        pull.messages().and_then(|()| pull.files()).and_then(|()| pull.decrypt_again(before));
    // Messages that are too old go, whether or not WeCom answered.
    let removed = pull.remove_old();
    pull.store.fold_log()?;
    if let Err(error) = fetched.and(removed) {
        // The next pull does not tell of it.
        pull.log_what_is_told_once(&key_folder, before);
        return Err(caller_address::named(error, request.job, request.cancel));
    }
    let progress = pull.store.progress()?;
    pull.summary.last_seq = progress.last_seq;
    pull.summary.undecrypted = pull.undecrypted_groups(&key_folder, before)?;
    // A message that waits says which key it waits for.
    let waits = pull.summary.undecrypted.iter().any(|group| group.why.lacks_key());
    pull.summary.no_keys = (!has_keys && !waits).then(|| key_folder.no_keys_message(request.job));
    Ok(pull.summary)
}

/// Looks whether a pull would work: logs in and asks for one message after those that are stored. Stores nothing, and
/// returns the versions of the keys that the answer needs and that are missing.
///
/// # Errors
/// As [`pull`].
pub fn probe(request: PullRequest<'_>) -> Result<Vec<u32>, ArchiveError> {
    let settings = request.settings()?;
    // Somebody waits for the answer.
    let timeout = settings.timeout.min(LONGEST_PROBE);
    let mut library = request.library(&WecomArchive { timeout, ..settings.clone() })?;
    let keys = KeyFolder::of(request.tenant_dir).load()?;
    let last_seq = match request.tenant_dir.join(DATABASE).exists() {
        true => SessionStore::open_existing(request.tenant_dir)?.progress()?.last_seq,
        false => 0,
    };
    let answer = library
        .chat_data_once(last_seq, 1)
        .map_err(|fault| of_call(settings, fault))
        .map_err(|error| caller_address::named(error, request.job, request.cancel))?;
    let data = ChatData::read(&answer, last_seq)?;
    let versions = data.items.iter().filter_map(|item| Some(item.encrypted.as_ref()?.key_version));
    Ok(versions.filter(|version| !keys.has(*version)).collect())
}

fn of_call(settings: &WecomArchive, fault: CallFault) -> ArchiveError {
    ArchiveError::of_call(fault, &settings.library, settings.proxy.as_deref())
}

struct Pull<'a> {
    request: PullRequest<'a>,
    settings: &'a WecomArchive,
    library: Library,
    keys: PrivateKeys,
    store: SessionStore,
    summary: PullSummary,
}

impl Pull<'_> {
    /// All messages after the last that is stored.
    fn messages(&mut self) -> Result<(), ArchiveError> {
        loop {
            if self.request.cancel.is_asked() {
                return Err(ArchiveError::Stopped);
            }
            let progress = self.store.progress()?;
            let answer = self
                .library
                .chat_data(progress.last_seq, LIMIT)
                .map_err(|fault| of_call(self.settings, fault))?;
            let mut items = ChatData::read(&answer, progress.last_seq)?.items;
            if items.is_empty() {
                // What was sent until now is pulled.
                return self.append(
                    Vec::new(),
                    progress,
                    progress.last_seq,
                    Some(self.request.now),
                );
            }
            items.sort_by_key(|item| item.seq);
            while !items.is_empty() {
                let later = items.split_off(items.len().min(AT_ONCE));
                let progress = self.store.progress()?;
                let last = items.last().map_or(progress.last_seq, |item| item.seq);
                // A number that stands twice is not passed before both are stored.
                let last_seq = later.first().map_or(last, |next| last.min(next.seq - 1));
                self.append(items, progress, last_seq, None)?;
                items = later;
            }
        }
    }

    /// Decrypts items and stores them in one transaction, with the number that they reach and the moment, if it is known
    /// otherwise than by them.
    fn append(
        &mut self,
        items: Vec<Item>,
        progress: Progress,
        last_seq: i64,
        covered: Option<DateTime<Utc>>,
    ) -> Result<(), ArchiveError> {
        let now = self.request.now;
        let gap = gap(progress, items.first(), now);
        let (batch, fault) = self.decrypt(items);
        let covered_until = covered.or_else(|| covered_until(progress, gap.as_ref(), &batch, now));
        let next = Progress { last_seq, covered_until };
        let stored = self.store.append(&batch, next, gap.as_ref(), now)?;
        self.summary.stored += stored.messages;
        self.summary.repeated += stored.repeated;
        self.summary.other_text += stored.other_text;
        self.summary.gap = self.summary.gap.take().or(gap);
        tracing::debug!(
            stored = stored.messages,
            undecrypted = stored.undecrypted,
            repeated = stored.repeated,
            last_seq,
            "messages of the session archive"
        );
        match fault {
            Some(fault) => Err(of_call(self.settings, fault)),
            None => Ok(()),
        }
    }

    /// Decrypts items. Those that cannot be are part of the batch, too: their ciphertext is kept, so that a key that is
    /// put in place after WeCom's five days still opens them. A fault is the one after which the process may not be
    /// started again; everything after it is kept encrypted and counts as not tried, so that it comes first the next time.
    fn decrypt(&mut self, items: Vec<Item>) -> (Batch, Option<CallFault>) {
        let unwrapped = unwrap_all(&self.keys, &items);
        let (mut batch, mut fault) = (Batch::default(), None);
        for (item, key) in items.into_iter().zip(unwrapped) {
            let is_over = fault.is_some();
            let decrypted = match (key, &item.encrypted) {
                (Ok(_), Some(_)) if is_over => Err(Reason::Reader),
                (Ok(key), Some(encrypted)) => {
                    self.library.decrypt(key, &encrypted.message).map_err(|error| {
                        let reason = reason(&error);
                        if reason == Reason::Reader && !self.library.may_start_again() {
                            fault = Some(error);
                        }
                        reason
                    })
                }
                (Err(UnwrapFault::NoKey), Some(_)) => Err(Reason::NoKey),
                (Err(UnwrapFault::OtherKey), Some(_)) => Err(Reason::OtherKey),
                (_, None) => Err(Reason::BadItem),
            };
            let Item { seq, msgid, json, encrypted } = item;
            let key_version = encrypted.map(|encrypted| encrypted.key_version);
            match (decrypted, key_version) {
                (Ok(body), Some(key_version)) => {
                    let fields = MessageFields::of(&body);
                    batch.messages.push(StoredMessage { seq, msgid, key_version, body, fields });
                }
                (decrypted, key_version) => {
                    let reason = decrypted.err().unwrap_or(Reason::BadItem);
                    let is_tried =
                        reason != Reason::NoKey && !(is_over && reason == Reason::Reader);
                    batch.undecrypted.push(Undecrypted {
                        seq,
                        msgid,
                        key_version,
                        reason,
                        is_tried,
                        item: json,
                    });
                }
            }
        }
        (batch, fault)
    }

    /// Tries messages again that could not be decrypted and whose key is there: all that waited for it, then those up to a
    /// number that the library or the key did not open before. A library that fails at them fails at nothing else: they
    /// stay as they are, and those that were tried least come first the next time.
    fn decrypt_again(&mut self, up_to: i64) -> Result<(), ArchiveError> {
        let versions = self.keys.versions();
        self.store.set_without_key(&versions)?;
        if !self.library.may_start_again() {
            // The files have used up its starts.
            return Ok(self.store.set_waiting_for_reader(&versions)?);
        }
        let mut ids = self.store.waiting_for_key(&versions)?;
        ids.extend(self.store.failed_before(&versions, up_to, MOST_AGAIN)?);
        for ids in ids.chunks(AT_ONCE) {
            let kept = self.store.undecrypted(ids)?;
            let items = kept.iter().filter_map(|json| Item::from_json(json)).collect();
            let (batch, fault) = self.decrypt(items);
            let replaced = self.store.replace(&batch)?;
            self.summary.decrypted_later += replaced.messages;
            if fault.is_some() {
                // What waits now waits for the library, whose process may not be started again in this pull.
                return Ok(self.store.set_waiting_for_reader(&versions)?);
            }
            if self.request.cancel.is_asked() {
                return Err(ArchiveError::Stopped);
            }
        }
        Ok(())
    }

    /// The files of messages, if they are asked for.
    fn files(&mut self) -> Result<(), ArchiveError> {
        if !self.settings.media {
            return Ok(());
        }
        let PullRequest { now, cancel, tenant_dir, .. } = self.request;
        let folder = media::folder(tenant_dir);
        let fetched = media::fetch(&mut self.store, &mut self.library, &folder, now, cancel)?;
        self.summary.files = fetched.stored;
        self.summary.files_failed = fetched.failed;
        self.summary.files_lost = fetched.lost;
        Ok(())
    }

    fn remove_old(&mut self) -> Result<(), ArchiveError> {
        let Some(keep) = self.settings.keep.and_then(|keep| TimeDelta::from_std(keep).ok()) else {
            return Ok(());
        };
        let (removed, files) = self.store.remove_before(self.request.now - keep)?;
        media::remove(&media::folder(self.request.tenant_dir), &files);
        self.summary.removed = removed;
        Ok(())
    }

    /// The messages that are kept encrypted. `before` is the number up to which earlier pulls brought them. Those that lack
    /// a field can never be read: only those of this pull are told.
    fn undecrypted_groups(
        &self,
        keys: &KeyFolder,
        before: i64,
    ) -> Result<Vec<UndecryptedGroup>, ArchiveError> {
        let group = |counted: UndecryptedCount| {
            let UndecryptedCount { reason, code, key_version, count, new } = counted;
            let file = || -> PathBuf { keys.file(key_version.unwrap_or_default()) };
            let why = match (reason.as_str(), code) {
                ("no_key", _) => UndecryptedWhy::NoKey { file: file() },
                ("other_key", _) => UndecryptedWhy::OtherKey { file: file() },
                ("bad_item", _) => UndecryptedWhy::BadItem,
                ("empty", _) => UndecryptedWhy::Empty,
                (_, Some(code)) => UndecryptedWhy::Code(code),
                _ => UndecryptedWhy::Reader,
            };
            let count = if why == UndecryptedWhy::BadItem { new } else { count };
            UndecryptedGroup { count, new, key_version, why }
        };
        let groups = self.store.undecrypted_by_reason(before)?.into_iter().map(group);
        Ok(groups.filter(|group| group.count > 0).collect())
    }

    /// Logs what a pull that failed found and no later one tells.
    fn log_what_is_told_once(&self, keys: &KeyFolder, before: i64) {
        let gap = self.summary.gap.as_ref().map(Gap::message);
        // What ended the pull is the fault to tell, also where it is the database that cannot be read.
        let groups = self.undecrypted_groups(keys, before).unwrap_or_default();
        let bad_items = groups.iter().filter(|group| group.why == UndecryptedWhy::BadItem);
        for message in gap.into_iter().chain(bad_items.map(UndecryptedGroup::message)) {
            tracing::warn!("{}", message.en);
        }
    }
}

/// Why a message stays encrypted after a call that failed.
fn reason(fault: &CallFault) -> Reason {
    match fault {
        CallFault::Code { code, .. } => Reason::Code(*code),
        CallFault::Library(Fault::NoText) => Reason::Empty,
        CallFault::Reader(_) | CallFault::Library(_) => Reason::Reader,
    }
}

/// The random keys of all items. An RSA decryption takes milliseconds, so all cores take part.
fn unwrap_all(keys: &PrivateKeys, items: &[Item]) -> Vec<Result<Vec<u8>, UnwrapFault>> {
    let unwrap = |item: &Item| match &item.encrypted {
        Some(Encrypted { key_version, random_key, .. }) => keys.unwrap(*key_version, random_key),
        None => Err(UnwrapFault::NoKey),
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads).max(1);
    let mut unwrapped = Vec::with_capacity(items.len());
    thread::scope(|scope| {
        let shares: Vec<_> = items
            .chunks(share)
            .map(|items| scope.spawn(move || items.iter().map(unwrap).collect::<Vec<_>>()))
            .collect();
        for (thread, items) in shares.into_iter().zip(items.chunks(share)) {
            // A share whose thread panicked is one whose keys do not fit; the panic itself is logged.
            let results = thread.join();
            unwrapped
                .extend(results.unwrap_or_else(|_| vec![Err(UnwrapFault::OtherKey); items.len()]));
        }
    });
    unwrapped
}
