//! One attempt at one file: what is resumed, and what is accepted.

use std::sync::atomic::Ordering;

use crate::fetch::digest::Hasher;
use crate::fetch::part::{Identity, OverlapDiffers, Part};
use crate::fetch::remote::{Remote, Retrieved, Stat};
use crate::fetch::{Content, FetchError, Fetched, RawFile};
use crate::model::{Feed, Message};

use super::state::{Connection, Download, Task};

/// What an attempt brought.
pub(super) enum AttemptOutcome {
    /// A file; the connection is good.
    Complete(Fetched),
    /// A file; the connection is of no more use.
    CompleteDisconnected(Fetched),
    /// All bytes, without the server's final reply.
    Unconfirmed(Box<Part>),
}

impl<'d> Download<'d> {
    /// One attempt at one file.
    pub(super) fn attempt(
        &self,
        remote: &mut dyn Remote,
        task: &Task,
    ) -> Result<AttemptOutcome, FetchError> {
        let name = task.name.as_str();
        self.verify_unchanged(remote, task)?;
        let Some(size) = task.version.size else { return self.attempt_twice(remote, task) };
        let mut part = self.part(task)?;
        if part.offset() > 0 && !self.resumes.load(Ordering::Relaxed) {
            part = part.restart()?;
        }
        let mut received = self.receive(remote, task, &mut part, size)?;
        if received == Retrieved::NoResume {
            self.resumes.store(false, Ordering::Relaxed);
            part = part.restart()?;
            received = self.receive(remote, task, &mut part, size)?;
        }
        let whole = part.len() == size && part.offset() == size;
        match received {
            Retrieved::Whole(_) if whole => {
                self.verify_unchanged(remote, task)?;
                self.finish(task, part).map(AttemptOutcome::Complete)
            }
            Retrieved::Unconfirmed(_) if whole => Ok(AttemptOutcome::Unconfirmed(Box::new(part))),
            Retrieved::Whole(_) => {
                let got = part.offset();
                part.keep()?;
                Err(cut_short(name, got, size))
            }
            Retrieved::Unconfirmed(_) => {
                let got = part.offset();
                part.keep()?;
                Err(no_final_reply(name, got, size))
            }
            Retrieved::Beyond(_) => {
                part.discard()?;
                Err(longer_than(name, size))
            }
            Retrieved::Refused(reply) => {
                Err(FetchError::FileRefused { what: name.to_owned(), reply })
            }
            Retrieved::NoResume => Err(interrupted(name, no_start_refused())),
        }
    }

    /// All bytes were received without the final reply: a stat over a new connection must show
    /// that the file is the same.
    pub(super) fn accept_unconfirmed(
        &self,
        connection: &mut Connection<'d>,
        task: &Task,
        mut part: Part,
    ) -> Result<Fetched, FetchError> {
        part.keep()?;
        let remote = self.connected(connection)?;
        self.verify_unchanged(remote, task)?;
        let name = task.name.as_str();
        tracing::warn!(
            "{name}: all {} bytes came but the server did not confirm it; accepted, since size and \
             time are unchanged",
            part.len()
        );
        self.finish(task, part)
    }

    /// A file whose size the server does not report. A truncated one looks like a complete one then; a
    /// second download that is the same is good evidence, and needs no place on disk.
    fn attempt_twice(
        &self,
        remote: &mut dyn Remote,
        task: &Task,
    ) -> Result<AttemptOutcome, FetchError> {
        let (feed, limit) = (task.feed, self.request.max_file_size);
        let name = task.name.clone();
        let mut part = self.part(task)?.restart()?;
        match self.receive(remote, task, &mut part, limit)? {
            Retrieved::Whole(_) => {}
            Retrieved::Refused(_) => {
                part.discard()?;
                return Ok(AttemptOutcome::Complete(Fetched::Missing {
                    feed,
                    name,
                    near: Vec::new(),
                }));
            }
            Retrieved::Beyond(size) => {
                part.discard()?;
                return Ok(AttemptOutcome::CompleteDisconnected(Fetched::Oversized {
                    feed,
                    name,
                    size,
                    limit,
                }));
            }
            Retrieved::Unconfirmed(_) | Retrieved::NoResume => {
                return Err(interrupted(&name, unconfirmed()));
            }
        }
        let mut again = Hasher::default();
        self.progress.file(feed, None);
        let second = remote.retrieve(&name, 0, limit, &mut |piece| {
            again.update(piece);
            self.account(feed, piece)
        })?;
        if second != Retrieved::Whole(part.len()) || part.sha256() != again.finish() {
            part.discard()?;
            return Err(FetchError::Changing { what: name });
        }
        self.verify_unchanged(remote, task)?;
        self.finish(task, part).map(AttemptOutcome::Complete)
    }

    fn part(&self, task: &Task) -> Result<Part, FetchError> {
        let identity = Identity {
            source: self.place.to_owned(),
            name: task.name.clone(),
            size: task.version.size,
            stamp: task.version.stamp.clone(),
        };
        Ok(Part::open(self.request.workdir, identity)?)
    }

    /// Downloads once, from where the part ends. What has come is kept for the next attempt, unless it
    /// is not what the server has.
    fn receive(
        &self,
        remote: &mut dyn Remote,
        task: &Task,
        part: &mut Part,
        end: u64,
    ) -> Result<Retrieved, FetchError> {
        let name = task.name.as_str();
        let offset = part.offset();
        self.progress.file(task.feed, task.version.size);
        self.progress.bytes(task.feed, offset);
        let mut differs = false;
        let received = remote.retrieve(name, offset, end - offset, &mut |piece| {
            if let Err(OverlapDiffers) = part.take(piece)? {
                differs = true;
                return Err(interrupted(name, other_content(offset)));
            }
            self.account(task.feed, piece)
        });
        if differs {
            self.resumes.store(false, Ordering::Relaxed);
        } else if received.is_err() {
            part.keep()?;
        }
        received
    }

    fn account(&self, feed: Feed, piece: &[u8]) -> Result<(), FetchError> {
        self.progress.bytes(feed, piece.len() as u64);
        self.throttle.take(piece.len() as u64, self.deadline)
    }

    /// SIZE alone does not show that a file was replaced meanwhile, or was growing all along.
    fn verify_unchanged(&self, remote: &mut dyn Remote, task: &Task) -> Result<(), FetchError> {
        let name = task.name.as_str();
        match remote.stat(name)? {
            Stat::Present(version) if version == task.version => Ok(()),
            _ => Err(FetchError::Changing { what: name.to_owned() }),
        }
    }

    fn finish(&self, task: &Task, part: Part) -> Result<Fetched, FetchError> {
        let (feed, name) = (task.feed, task.name.clone());
        let size = part.len();
        let (path, sha256) = part.finish()?;
        let (content, mtime) = (Content::Disk(path), task.version.mtime);
        let (container, expanded) = (None, None);
        Ok(Fetched::File(RawFile { feed, name, container, content, sha256, size, mtime, expanded }))
    }
}

fn interrupted(name: &str, reason: Message) -> FetchError {
    FetchError::Interrupted { what: name.to_owned(), reason }
}

fn cut_short(name: &str, got: u64, size: u64) -> FetchError {
    let reason = Message::new(
        format!("共 {size} 字节，只收到 {got} 字节"),
        format!("{got} of {size} bytes came"),
    );
    interrupted(name, reason)
}

fn longer_than(name: &str, size: u64) -> FetchError {
    let reason = Message::new(
        format!("收到的数据超过服务器报告的 {size} 字节"),
        format!("more came than the {size} bytes that the server stated"),
    );
    interrupted(name, reason)
}

fn no_final_reply(name: &str, got: u64, size: u64) -> FetchError {
    let reason = Message::new(
        format!("共 {size} 字节，只收到 {got} 字节，且服务器没有确认传输完成"),
        format!("{got} of {size} bytes came, and the server did not confirm the transfer"),
    );
    interrupted(name, reason)
}

fn unconfirmed() -> Message {
    Message::fixed("服务器没有确认传输完成", "the server did not confirm the transfer")
}

fn no_start_refused() -> Message {
    Message::fixed("服务器拒绝从头开始传输", "the server refuses to begin at the beginning")
}

fn other_content(offset: u64) -> Message {
    Message::new(
        format!("从 {offset} 字节处续传，内容与先前收到的不同；将从头下载"),
        format!(
            "resumed at byte {offset}, it is not what came before; it is fetched from the beginning"
        ),
    )
}
