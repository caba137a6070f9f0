//! Files that came packed: `.gz` each, or all four in one `.zip`.
//!
//! What is expanded is bounded before it is held: by the size limit of a file, and by how much larger than the packed
//! bytes it may become.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::model::{Message, is_gzip, is_zip};

use super::{FetchError, matching};

/// A packed file may become this many times as large. Rosters of a million rows become twenty times as large at most; deflate can reach a thousand.
const MOST_RATIO: u64 = 200;
/// Below this size the ratio does not matter, in bytes.
const HARMLESS: u64 = 16 << 20;
/// More members than any delivery has.
const MOST_MEMBERS: usize = 1000;

/// Why a packed file could not be expanded.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It becomes larger than a file may be; so many bytes at least.
    Oversized(u64),
    /// It ends too early.
    CutOff(Message),
    /// It is damaged, dangerous, or packed in a way that is not known here.
    Unusable(Message),
}

impl Refusal {
    /// The fault of a file.
    pub(super) fn of(self, file: &str) -> FetchError {
        let cut_off = matches!(self, Refusal::CutOff(_));
        FetchError::Packed { file: file.to_owned(), what: self.what(), cut_off }
    }

    /// What is wrong with the file, where it is about the whole of it.
    pub(super) fn what(self) -> Message {
        match self {
            Refusal::Unusable(what) | Refusal::CutOff(what) => what,
            Refusal::Oversized(size) => Message::new(
                format!("超过大小上限（{size} 字节）"),
                format!("it is larger than a file may be ({size} bytes)"),
            ),
        }
    }
}

/// A member of a zip file.
#[derive(Debug)]
pub(super) struct Member {
    /// Its bare name.
    pub(super) name: String,
    index: usize,
    size: u64,
}

/// Expands a gzip file of one member or more.
pub(super) fn gunzip(packed: &[u8], limit: u64) -> Result<Vec<u8>, Refusal> {
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Err(unusable("不是 gzip 文件", "it is no gzip file"));
    }
    read(flate2::read::MultiGzDecoder::new(packed), packed.len() as u64, limit)
}

/// The members of a zip file, folders left out.
pub(super) fn members(packed: &[u8]) -> Result<Vec<Member>, Refusal> {
    let mut archive = open(packed)?;
    if archive.len() > MOST_MEMBERS {
        let number = archive.len();
        return Err(Refusal::Unusable(Message::new(
            format!("含 {number} 个文件，超过 {MOST_MEMBERS} 个"),
            format!("it holds {number} files, more than {MOST_MEMBERS}"),
        )));
    }
    // The reader keeps the last of several members of one path and says nothing of the others.
    if let Some(name) = repeated_path(packed) {
        return Err(Refusal::Unusable(Message::new(
            format!("其中有不止一个 {name}"),
            format!("it holds {name} more than once"),
        )));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(zip_fault)?;
        if file.is_dir() {
            continue;
        }
        // Programs on Chinese Windows write names in GBK without saying so.
        let path = match std::str::from_utf8(file.name_raw()) {
            Ok(path) => path.to_owned(),
            Err(_) => encoding_rs::GB18030.decode_without_bom_handling(file.name_raw()).0.into(),
        };
        let outside = path.starts_with(['/', '\\'])
            || path.split(['/', '\\']).any(|part| part == ".." || part.ends_with(':'));
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        if outside || !matching::is_bare(&name) {
            return Err(Refusal::Unusable(Message::new(
                format!("其中的路径 {path:?} 指向目录之外，整个文件不予读取"),
                format!("its path {path:?} leads outside the folder, so nothing of it is read"),
            )));
        }
        members.push(Member { name, index, size: file.size() });
    }
    Ok(members)
}

/// A path that the list at the end of a zip file names more than once; `None` where the list cannot be followed.
fn repeated_path(packed: &[u8]) -> Option<String> {
    const END: &[u8] = b"PK\x05\x06";
    const ENTRY: &[u8] = b"PK\x01\x02";
    let number = |bytes: &[u8], at: usize| {
        let field = bytes.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes([field[0], field[1]])))
    };
    let end = memchr::memmem::rfind(packed, END)?;
    let size = packed.get(end + 12..end + 16)?;
    let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
    let mut list = packed.get(end.checked_sub(size)?..end)?;
    let mut seen = BTreeSet::new();
    while list.starts_with(ENTRY) {
        let length = number(list, 28)?;
        let name = list.get(46..46 + length)?;
        if !seen.insert(name) {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
        list = list.get(46 + length + number(list, 30)? + number(list, 32)?..)?;
    }
    None
}

/// What a file holds for an expected name: its own content, expanded, or that of the member of a zip file. `None` if
/// the zip file has no such member.
pub(super) fn content_for(
    expected: &str,
    name: &str,
    bytes: &[u8],
    limit: u64,
) -> Result<Option<Vec<u8>>, Refusal> {
    if is_zip(name) {
        let members = members(bytes)?;
        let names: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
        let found = matching::find(expected, &names);
        let member = members.iter().find(|member| Some(member.name.as_str()) == found);
        return member.map(|member| unzip(bytes, member, limit)).transpose();
    }
    if is_gzip(name) { gunzip(bytes, limit).map(Some) } else { Ok(Some(bytes.to_vec())) }
}

/// Expands a member.
pub(super) fn unzip(packed: &[u8], member: &Member, limit: u64) -> Result<Vec<u8>, Refusal> {
    if member.size > limit {
        return Err(Refusal::Oversized(member.size));
    }
    let mut archive = open(packed)?;
    let file = archive.by_index(member.index).map_err(zip_fault)?;
    let size = file.compressed_size();
    read(file, size, limit)
}

/// The bare names of what is in a zip file; `None` if it cannot be read.
pub fn member_names(packed: &[u8]) -> Option<Vec<String>> {
    Some(members(packed).ok()?.into_iter().map(|member| member.name).collect())
}

/// What a zip file holds under a bare name, if it can be read.
pub fn member(packed: &[u8], name: &str, limit: u64) -> Option<Vec<u8>> {
    let member = members(packed).ok()?.into_iter().find(|member| member.name == name)?;
    unzip(packed, &member, limit).ok()
}

fn open(packed: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Refusal> {
    ZipArchive::new(Cursor::new(packed)).map_err(zip_fault)
}

/// Reads to the end, as far as the bounds allow. The sizes that a file states of itself are not trusted.
fn read(reader: impl Read, packed: u64, limit: u64) -> Result<Vec<u8>, Refusal> {
    let most = packed.saturating_mul(MOST_RATIO).max(HARMLESS);
    let mut bytes = Vec::new();
    let end = most.min(limit).saturating_add(1);
    reader.take(end).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    let size = bytes.len() as u64;
    if size > limit {
        return Err(Refusal::Oversized(size));
    }
    if size > most {
        return Err(Refusal::Unusable(Message::new(
            format!("解压后超过原大小的 {MOST_RATIO} 倍，疑为压缩炸弹，已停止解压"),
            format!(
                "it becomes more than {MOST_RATIO} times as large, as a decompression bomb does, and was not expanded further"
            ),
        )));
    }
    Ok(bytes)
}

fn zip_fault(error: ZipError) -> Refusal {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            unusable("有密码保护；请提供方不加密", "it has a password; have it made without one")
        }
        ZipError::UnsupportedArchive(reason) => Refusal::Unusable(Message::new(
            format!("所用的压缩方法无法读取（{reason}）；请提供方用 deflate"),
            format!(
                "it is packed in a way that is not known here ({reason}); have it packed by deflate"
            ),
        )),
        ZipError::Io(error) => damaged(&error),
        _ => Refusal::CutOff(Message::fixed("不是完整的 zip 文件", "it is no whole zip file")),
    }
}

fn damaged(error: &io::Error) -> Refusal {
    let what = Message::new(
        format!("已损坏或不完整（{error}）"),
        format!("it is damaged or not whole ({error})"),
    );
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Refusal::CutOff(what),
        _ => Refusal::Unusable(what),
    }
}

fn unusable(zh: &'static str, en: &'static str) -> Refusal {
    Refusal::Unusable(Message::fixed(zh, en))
}
