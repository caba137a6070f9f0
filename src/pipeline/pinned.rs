//! A layout that the job pins and that the files do not have.

use std::path::{Path, PathBuf};

use crate::config::job::Format;
use crate::config::schema::Schema;
use crate::delivery::{Delivery, FileState};
use crate::fetch::{Fetched, RawDelivery};
use crate::model::{Feed, Message};
use crate::parse::{self, Unparsable};

/// A part of the layout is pinned to one value and a file has another. The set-up is wrong, not the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongPin {
    /// The job file and its line; `None` if an argument pins it.
    pub place: Option<(PathBuf, usize)>,
    /// `encoding`, `delimiter` or `header`.
    pub key: &'static str,
    /// The pinned value.
    pub pinned: String,
    /// The file, and the value that fits it.
    pub file: String,
    /// The value that fits it.
    pub found: String,
}

impl WrongPin {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let WrongPin { place, key, pinned, file, found } = self;
        let at = match place {
            Some((job, line)) => format!("{}:{line}", job.display()),
            None => format!("--{key}"),
        };
        Message::new(
            format!(
                "{at}: {key} 固定为 {pinned}，而 {file} 实为 {found}；请更正或删除此设置（删除后自动识别）。数据文件本身没有问题"
            ),
            format!(
                "{at}: {key} is pinned to {pinned}, but {file} has {found}; correct the setting, or take it out to have \
                 it detected. Nothing is wrong with the delivery"
            ),
        )
    }
}

/// The first pin that keeps a file from being read, where detection without any pin reads it.
pub(super) fn wrong_pin(
    delivery: &Delivery<'_>,
    raw: &RawDelivery,
    (schema, pinned): (&Schema, &Format),
    job: Option<&Path>,
) -> Option<WrongPin> {
    Feed::ALL.into_iter().find_map(|feed| {
        let FileState::Unparsable(Unparsable::Encoding(_) | Unparsable::Layout(..)) =
            &delivery.files[feed].state
        else {
            return None;
        };
        let Fetched::File(file) = raw.file(feed) else { return None };
        let (detected, layout) = parse::detect_layout(file.bytes(), schema.feed(feed))?;
        let header = |header: bool| header.to_string();
        let encoding = pinned.encoding.map(|encoding| encoding.name().to_owned());
        let parts = [
            ("encoding", encoding, detected.encoding.name().to_owned(), pinned.lines.encoding),
            (
                "delimiter",
                pinned.delimiter.clone(),
                layout.delimiter.clone(),
                pinned.lines.delimiter,
            ),
            (
                "header",
                pinned.header.map(header),
                header(layout.header.is_some()),
                pinned.lines.header,
            ),
        ];
        parts.into_iter().find_map(|(key, pinned, found, line)| {
            let pinned = pinned.filter(|pinned| *pinned != found)?;
            let place = job.and_then(|job| Some((job.to_path_buf(), line?)));
            let file = delivery.files[feed].name.clone();
            Some(WrongPin { place, key, pinned, file, found })
        })
    })
}
