//! The files of a delivery: header, delimiter, line ends and encoding.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::config::schema::Schema;
use crate::model::{Feed, PerFeed};

use super::company::Sink;
use super::row::Row;

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// GB 18030, the norm.
    Gb18030,
    /// GBK: two bytes a character at most.
    Gbk,
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// UTF-16, little endian, with a byte order mark.
    Utf16Le,
    /// UTF-16, big endian, with a byte order mark.
    Utf16Be,
}

impl Charset {
    /// All of them, the most usual first.
    pub const ALL: [Charset; 6] = [
        Charset::Gb18030,
        Charset::Gbk,
        Charset::Utf8,
        Charset::Utf8Bom,
        Charset::Utf16Le,
        Charset::Utf16Be,
    ];

    /// The name: `gb18030`, `gbk`, `utf-8`, `utf-8-bom`, `utf-16le`, `utf-16be`.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Gb18030 => "gb18030",
            Charset::Gbk => "gbk",
            Charset::Utf8 => "utf-8",
            Charset::Utf8Bom => "utf-8-bom",
            Charset::Utf16Le => "utf-16le",
            Charset::Utf16Be => "utf-16be",
        }
    }

    /// The charset of that name, in any case.
    pub fn from_name(name: &str) -> Option<Charset> {
        Charset::ALL.into_iter().find(|charset| charset.name().eq_ignore_ascii_case(name))
    }

    /// What stands before the first character.
    fn mark(self) -> &'static [u8] {
        match self {
            Charset::Gb18030 | Charset::Gbk | Charset::Utf8 => b"",
            Charset::Utf8Bom => b"\xEF\xBB\xBF",
            Charset::Utf16Le => b"\xFF\xFE",
            Charset::Utf16Be => b"\xFE\xFF",
        }
    }

    /// Bytes that are no character in this encoding and leave their neighbours alone.
    pub(super) fn broken(self) -> &'static [u8] {
        match self {
            Charset::Gb18030 | Charset::Gbk | Charset::Utf8 | Charset::Utf8Bom => b"\xFF",
            // A low surrogate without its high one.
            Charset::Utf16Le => b"\x00\xDC",
            Charset::Utf16Be => b"\xDC\x00",
        }
    }

    /// Appends a text.
    ///
    /// # Errors
    /// If the encoding cannot write a character.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) -> io::Result<()> {
        let encoding = match self {
            Charset::Gb18030 => encoding_rs::GB18030,
            Charset::Gbk => encoding_rs::GBK,
            Charset::Utf8 | Charset::Utf8Bom => {
                out.extend_from_slice(text.as_bytes());
                return Ok(());
            }
            Charset::Utf16Le => {
                out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                return Ok(());
            }
            Charset::Utf16Be => {
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
                return Ok(());
            }
        };
        let (bytes, _, unmappable) = encoding.encode(text);
        if unmappable {
            let problem = format!("{} cannot write all of \"{text}\"", self.name());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        out.extend_from_slice(&bytes);
        Ok(())
    }
}

/// The first line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The names of the contract (`agentName`).
    Names,
    /// The Chinese titles of the contract (`姓名`).
    ChineseTitles,
    /// None: the first line is a record.
    None,
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

/// Layout of the files.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) charset: Charset,
    pub(super) delimiter: String,
    pub(super) header: Header,
    pub(super) line_end: LineEnd,
}

impl Layout {
    /// Appends a line without its end.
    fn join(&self, row: &Row, out: &mut String) {
        for (i, cell) in row.cells().enumerate() {
            if i > 0 {
                out.push_str(&self.delimiter);
            }
            out.push_str(cell);
        }
    }

    /// Ends a line.
    fn end(&self, form: FileForm, out: &mut String) {
        if form == FileForm::TrailingDelimiter {
            out.push_str(&self.delimiter);
        }
        out.push_str(match self.line_end {
            _ if form == FileForm::CarriageReturn => "\r",
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
        });
    }
}

/// How the file of one feed differs from the layout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FileForm {
    /// Not at all.
    #[default]
    Plain,
    /// A delimiter stands behind the last field of every line.
    TrailingDelimiter,
    /// Lines end in CR alone.
    CarriageReturn,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The feed.
    pub feed: Feed,
    /// The file.
    pub path: PathBuf,
    /// Records, the header not counted.
    pub rows: u64,
}

/// The four files of a delivery while they are written.
pub(super) struct Delivery<'a> {
    layout: &'a Layout,
    files: PerFeed<FeedFile>,
}

struct FeedFile {
    written: WrittenFile,
    form: FileForm,
    out: BufWriter<File>,
    /// Text that is not encoded yet: encoding a block is much faster than encoding a cell.
    text: String,
    bytes: Vec<u8>,
}

/// Approximate size in bytes of the blocks in which text is encoded and written.
const BLOCK: usize = 1 << 16;

impl<'a> Delivery<'a> {
    /// Creates the files in a folder that exists, and writes their headers.
    pub(super) fn create(
        dir: &Path,
        schema: &Schema,
        layout: &'a Layout,
        form: fn(Feed) -> FileForm,
    ) -> io::Result<Delivery<'a>> {
        let files = PerFeed::try_from_fn(|feed| {
            let feed = schema.feed(feed);
            let path = dir.join(&feed.file_name);
            let mut out = BufWriter::with_capacity(BLOCK, File::create(&path)?);
            out.write_all(layout.charset.mark())?;
            let mut text = String::with_capacity(BLOCK + 1024);
            let titles: Vec<&str> = match layout.header {
                Header::Names => feed.fields.iter().map(|f| f.name.as_str()).collect(),
                Header::ChineseTitles => feed.fields.iter().map(|f| &*f.title.zh).collect(),
                Header::None => Vec::new(),
            };
            let form = form(feed.feed);
            if !titles.is_empty() {
                text.push_str(&titles.join(&layout.delimiter));
                layout.end(form, &mut text);
            }
            let written = WrittenFile { feed: feed.feed, path, rows: 0 };
            io::Result::Ok(FeedFile { written, form, out, text, bytes: Vec::new() })
        })?;
        Ok(Delivery { layout, files })
    }

    /// Writes one line; `broken` puts bytes that do not decode into the middle of its `cell`-th cell.
    /// Without `terminated` the line has no end, so it must be the last one.
    pub(super) fn line(
        &mut self,
        feed: Feed,
        row: &Row,
        broken: Option<usize>,
        terminated: bool,
    ) -> io::Result<()> {
        let layout = self.layout;
        let file = &mut self.files[feed];
        match broken {
            None => layout.join(row, &mut file.text),
            Some(cell) => {
                let text = row.get(cell);
                let middle = text.chars().next().map_or(0, char::len_utf8);
                let mut before = Row::default();
                (0..cell).for_each(|i| before.text(row.get(i)));
                before.text(&text[..middle]);
                layout.join(&before, &mut file.text);
                file.flush(layout.charset)?;
                file.out.write_all(layout.charset.broken())?;
                let mut after = Row::default();
                after.text(&text[middle..]);
                (cell + 1..row.len()).for_each(|i| after.text(row.get(i)));
                layout.join(&after, &mut file.text);
            }
        }
        if terminated {
            layout.end(file.form, &mut file.text);
        }
        file.written.rows += 1;
        if file.text.len() >= BLOCK { file.flush(layout.charset) } else { Ok(()) }
    }

    /// Writes what is left and closes the files.
    pub(super) fn finish(mut self) -> io::Result<Vec<WrittenFile>> {
        for file in &mut self.files {
            file.flush(self.layout.charset)?;
            file.out.flush()?;
        }
        Ok(self.files.into_iter().map(|file| file.written).collect())
    }
}

impl FeedFile {
    fn flush(&mut self, charset: Charset) -> io::Result<()> {
        self.bytes.clear();
        charset.encode(&self.text, &mut self.bytes)?;
        self.out.write_all(&self.bytes)?;
        self.text.clear();
        Ok(())
    }
}

impl Sink for Delivery<'_> {
    fn row(&mut self, feed: Feed, row: &Row) -> anyhow::Result<()> {
        Ok(self.line(feed, row, None, true)?)
    }
}
