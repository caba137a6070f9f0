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
        let (zh, en) = match (*key, found.as_str()) {
            ("header", "true") => ("有表头".to_owned(), "has a header".to_owned()),
            ("header", _) => ("没有表头".to_owned(), "has no header".to_owned()),
            _ => (format!("实为 {found}"), format!("has {found}")),
        };
        Message::new(
            format!(
                "{at}: {key} 固定为 {pinned}，而 {file} {zh}；请更正或删除此设置（删除后自动识别）。数据文件本身没有问题"
            ),
            format!(
                "{at}: {key} is pinned to {pinned}, but {file} {en}; correct the setting, or take it out to have \
                 it detected. Nothing is wrong with the delivery"
            ),
        )
    }
}

/// The first pin that keeps a file from being read as it is, where detection without any pin reads it. The header comes
/// first: it is right or wrong, while an encoding may have another name and fit all the same.
pub(super) fn wrong_pin(
    delivery: &Delivery<'_>,
    raw: &RawDelivery,
    (schema, pinned): (&Schema, &Format),
    job: Option<&Path>,
) -> Option<WrongPin> {
    Feed::ALL.into_iter().find_map(|feed| {
        if !may_be_read_wrongly(&delivery.files[feed].state, pinned) {
            return None;
        }
        let Fetched::File(file) = raw.file(feed) else { return None };
        // A file that was parsed can only have its header taken for a record.
        let parsed = matches!(delivery.files[feed].state, FileState::Parsed(..));
        let (detected, layout) = parse::detect_layout(file.bytes(), schema.feed(feed))?;
        let header = |header: bool| header.to_string();
        let encoding = pinned.encoding.map(|encoding| encoding.name().to_owned());
        let parts = [
            (
                "header",
                pinned.header.map(header),
                header(layout.header.is_some()),
                pinned.lines.header,
            ),
            ("encoding", encoding, detected.encoding.name().to_owned(), pinned.lines.encoding),
            (
                "delimiter",
                pinned.delimiter.clone(),
                layout.delimiter.clone(),
                pinned.lines.delimiter,
            ),
        ];
        let parts = if parsed { &parts[..1] } else { &parts[..] };
        parts.iter().find_map(|(key, pinned, found, line)| {
            let pinned = pinned.clone().filter(|pinned| pinned != found)?;
            let place = job.and_then(|job| Some((job.to_path_buf(), (*line)?)));
            let (file, found) = (delivery.files[feed].name.clone(), found.clone());
            Some(WrongPin { place, key, pinned, file, found })
        })
    })
}

/// Whether a pin may be why the file was not read, or why its first line was read as a record.
fn may_be_read_wrongly(state: &FileState<'_>, pinned: &Format) -> bool {
    match state {
        FileState::Unparsable(
            Unparsable::Encoding(_) | Unparsable::Layout(..) | Unparsable::Header(..),
        ) => true,
        // A header that is read as a record has titles where numbers and dates belong.
        FileState::Parsed(parsed, _) => {
            pinned.header == Some(false) && parsed.faults.first().is_some_and(|f| f.row == 0)
        }
        FileState::Unparsable(Unparsable::Empty { .. } | Unparsable::SkippedHeader(..))
        | FileState::Missing { .. }
        | FileState::Oversized { .. } => false,
    }
}
