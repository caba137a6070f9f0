//! A delivery judged from the rule catalogue alone, the slow and simple way: rows are maps of texts, and nothing is shared
//! with the rules.

mod days;
mod relations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use orgsnap::sample::{Charset, Defects, Header, Options};

pub(crate) use days::{Changes, Snapshot, changes, snapshot};

pub(crate) const FEEDS: [(&str, &str, &str); 4] = [
    (
        "agent",
        "temp_agent.txt",
        "id agentName agentStatus gender recommendByAgentId recommendByNodeId recommendDate \
         enterCompanyDate leaveCompanyDate channel agentGradeLevel workingNodeId workingNodeName \
         workingOrganId workingOrganName",
    ),
    (
        "node",
        "temp_base_node.txt",
        "id nodeName nodeLevel agentId nodeCreateDate mentoredByNodeId mentoredByAgentId mentoredByDate \
         parentNodeId parentNodeName organId organName channel work",
    ),
    (
        "organ",
        "temp_organization.txt",
        "id organName parentId parentOrganName organLevel foundDate leaderId leaderName",
    ),
    (
        "principal",
        "temp_principal.txt",
        "channel id principalName principalStatus organId organName gender",
    ),
];
const OPTIONAL: &str = "recommendByAgentId recommendByNodeId recommendDate leaveCompanyDate agentId \
                        mentoredByNodeId mentoredByAgentId mentoredByDate parentNodeId parentNodeName \
                        parentId parentOrganName";
/// Code, feed, lines, key.
pub(crate) type Finding = (String, String, Vec<u64>, Option<String>);

#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) line: u64,
    pub(crate) cells: BTreeMap<&'static str, String>,
}

impl Record {
    pub(crate) fn get(&self, field: &str) -> &str {
        self.cells.get(field).map_or("", String::as_str)
    }
    pub(crate) fn date(&self, field: &str) -> Option<NaiveDate> {
        date(self.get(field))
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    ["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok())
        // chrono skips spaces and takes signs and short numbers.
        .filter(|_| text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '/'))
        .filter(|_| text.len() >= 8 && (text.len() == 10 || !text.contains('-')))
}

fn blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{3000}'
}

/// Cuts raw bytes into lines, decodes each on its own; the flag says whether all of it decoded.
pub(crate) fn lines_of(
    bytes: &[u8],
    charset: Charset,
    end: u8,
) -> (Vec<(String, bool, usize)>, bool) {
    let (encoding, unit, mark) = match charset {
        Charset::Gb18030 | Charset::Gbk => (encoding_rs::GB18030, 1, 0),
        Charset::Utf8 => (encoding_rs::UTF_8, 1, 0),
        Charset::Utf8Bom => (encoding_rs::UTF_8, 1, 3),
        Charset::Utf16Le => (encoding_rs::UTF_16LE, 2, 2),
        Charset::Utf16Be => (encoding_rs::UTF_16BE, 2, 2),
    };
    let newline: &[u8] = match charset {
        Charset::Utf16Le => &[end, 0],
        Charset::Utf16Be => &[0, end],
        _ => &[end],
    };
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for piece in bytes[mark..].chunks(unit) {
        if piece == newline {
            lines.push(std::mem::take(&mut line));
        } else {
            line.extend_from_slice(piece);
        }
    }
    let terminated = line.is_empty();
    if !terminated {
        lines.push(line);
    }
    let decode = |line: Vec<u8>| {
        let (text, broken) = encoding.decode_without_bom_handling(&line);
        (text.trim_end_matches('\r').to_owned(), !broken, line.len())
    };
    (lines.into_iter().map(decode).collect(), terminated)
}

/// The cell without the characters that nobody sees.
fn without_controls(cell: &str) -> String {
    let ranges = [
        (0, 8),
        (0xa, 0x1f),
        (0x80, 0x9f),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x2069),
        (0xfeff, 0xfeff),
    ];
    let seen =
        |c: &char| !ranges.iter().any(|(first, last)| (*first..=*last).contains(&(*c as u32)));
    cell.chars().filter(seen).collect()
}

/// The longest texts that the schema files allow, by feed and field.
fn max_lengths() -> BTreeMap<(&'static str, &'static str), usize> {
    let mut limits = BTreeMap::new();
    for (feed, _, fields) in FEEDS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{feed}.json"));
        let text = std::fs::read_to_string(file).expect("the schema is there");
        let schema: serde_json::Value = serde_json::from_str(&text).expect("the schema is JSON");
        for field in fields.split_whitespace() {
            let described = schema["fields"].as_array().expect("fields");
            let described = described.iter().find(|f| f["name"] == field).expect("the field");
            let limit = described["constraints"]["maxLength"].as_u64();
            limits.insert((feed, field), limit.map_or(usize::MAX, |limit| limit as usize));
        }
    }
    limits
}

/// The findings of a delivery by brute force: all rules but those of group S and, of group F, all but F108, F113 and F114.
pub(crate) fn check(dir: &Path, options: &Options) -> BTreeSet<Finding> {
    let read = read(dir, options);
    read.found.iter().cloned().chain(relations::check(&read)).collect()
}

/// A delivery as the rules of lines leave it.
pub(crate) struct Read {
    /// What the groups F, R, V and K find.
    pub(crate) found: BTreeSet<Finding>,
    /// All keys that can be read, by feed.
    pub(crate) keys: BTreeMap<&'static str, BTreeSet<String>>,
    /// The accepted rows, by feed and key.
    pub(crate) accepted: BTreeMap<&'static str, BTreeMap<String, Record>>,
}

/// Applies the rules that see every line.
pub(crate) fn read(dir: &Path, options: &Options) -> Read {
    let mut found: BTreeSet<Finding> = BTreeSet::new();
    let mut add = |code: &str, feed: &str, mut lines: Vec<u64>, key: Option<&str>| {
        lines.sort_unstable();
        found.insert((
            code.to_owned(),
            feed.to_owned(),
            lines,
            key.filter(|k| !k.is_empty()).map(str::to_owned),
        ));
    };
    let mut keys: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    let mut accepted: BTreeMap<&'static str, BTreeMap<String, Record>> = BTreeMap::new();
    let limits = max_lengths();

    for (feed, file, fields) in FEEDS {
        let fields: Vec<&'static str> = fields.split_whitespace().collect();
        let bytes = std::fs::read(dir.join(file)).expect("the file was written");
        // Two files have a form of their own.
        let all = options.defects == Defects::All;
        let (trailing, returns) = (all && feed == "organ", all && feed == "node");
        let end = if returns { b'\r' } else { b'\n' };
        let (lines, terminated) = lines_of(&bytes, options.charset, end);
        if trailing {
            assert!(lines.iter().all(|(text, _, _)| text.ends_with(&options.delimiter)));
            add("F113", feed, vec![], None);
        }
        if returns {
            add("F114", feed, vec![], None);
        }
        if !terminated {
            add("F108", feed, vec![lines.len() as u64], None);
        }
        let mut by_key: BTreeMap<String, Vec<(Record, bool)>> = BTreeMap::new();
        // What stands in the key's place on lines with another number of fields.
        let mut presumed: Vec<String> = Vec::new();
        for (n, (text, decoded, size)) in lines.iter().enumerate() {
            let line = n as u64 + 1;
            let text = if trailing { text.strip_suffix(&options.delimiter).unwrap() } else { text };
            let cells: Vec<&str> = text.split(&options.delimiter).collect();
            if line == 1 && options.header != Header::None {
                assert_eq!(cells.len(), fields.len(), "{file}: {text}");
                if options.header == Header::Names {
                    assert_eq!(cells, fields);
                }
                continue;
            }
            let trimmed: BTreeMap<&'static str, String> = fields
                .iter()
                .copied()
                .zip(&cells)
                .map(|(f, c)| (f, without_controls(c).trim_matches(blank).to_owned()))
                .collect();
            let key = trimmed.get("id").cloned().unwrap_or_default();
            if *size > 65_536 {
                let readable = cells.len() == fields.len() && !key.is_empty();
                add("R203", feed, vec![line], Some(&*key).filter(|_| readable));
                continue;
            }
            if cells.len() != fields.len() {
                add("R201", feed, vec![line], None);
                presumed.push(key);
                continue;
            }
            let mut good = *decoded;
            if !decoded {
                add("R202", feed, vec![line], Some(&key));
            }
            let record = Record { line, cells: trimmed };
            for (field, raw) in fields.iter().zip(&cells) {
                let cell = record.get(field);
                let code = bad_value(field, cell, &record, limits[&(feed, *field)]);
                let cleaned = without_controls(raw);
                if let Some(code) = code {
                    good = false;
                    add(code, feed, vec![line], (code != "K301").then_some(key.as_str()));
                }
                if cell != cleaned && !matches!(code, Some("V201" | "K301")) {
                    add("V207", feed, vec![line], Some(&key));
                }
                if code.is_none() && is_reformatted_number(field, cell) {
                    add("V211", feed, vec![line], Some(&key));
                }
                let is_date = field.ends_with("Date") && !cell.is_empty();
                if is_date && code.is_none() {
                    if !cell.contains('-') {
                        add("V205", feed, vec![line], Some(&key));
                    }
                    let day = date(cell).expect("checked before");
                    if day > options.date || day.to_string().as_str() < "1949-10-01" {
                        add("V206", feed, vec![line], Some(&key));
                    }
                }
                if cleaned != *raw {
                    add("V208", feed, vec![line], Some(&key));
                }
                let traces = ["锟斤拷", "烫烫烫", "屯屯屯", "ï¿½"];
                let replaced = *decoded && cell.contains('\u{fffd}');
                if replaced || traces.iter().any(|trace| cell.contains(trace)) {
                    add("V209", feed, vec![line], Some(&key));
                }
            }
            if !key.is_empty() {
                by_key.entry(key).or_default().push((record, good));
            }
        }
        let mut known: BTreeSet<String> = by_key.keys().cloned().collect();
        let is_clear = |key: &&String| {
            !key.is_empty() && !key.contains('\u{fffd}') && !by_key.contains_key(*key)
        };
        for key in presumed.iter().filter(is_clear) {
            if presumed.iter().filter(|other| *other == key).count() == 1 {
                known.insert(key.clone());
            }
        }
        keys.insert(feed, known);
        let mut folded: BTreeMap<String, Vec<(u64, &String)>> = BTreeMap::new();
        for (key, rows) in &by_key {
            let narrow = |c: char| match c {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
                _ => c,
            };
            let fold: String = key.chars().map(narrow).collect::<String>().to_lowercase();
            let twins = folded.entry(fold).or_default();
            twins.extend(rows.iter().map(|(record, _)| (record.line, key)));
        }
        for mut twins in folded.into_values() {
            twins.sort_unstable();
            if twins.iter().any(|twin| twin.1 != twins[0].1) {
                add("K304", feed, twins.iter().map(|t| t.0).collect(), Some(twins[0].1));
            }
        }
        let rows = accepted.entry(feed).or_default();
        for (key, mut same) in by_key {
            let lines: Vec<u64> = same.iter().map(|(r, _)| r.line).collect();
            if same.iter().any(|(r, _)| r.cells != same[0].0.cells) {
                add("K303", feed, lines, Some(&key));
                continue;
            }
            if same.len() > 1 {
                add("K302", feed, lines, Some(&key));
            }
            let (record, good) = same.remove(0);
            if good {
                rows.insert(key, record);
            }
        }
    }
    Read { found, keys, accepted }
}

/// The V or K rule that a trimmed cell breaks so that its row is quarantined.
fn bad_value(field: &str, cell: &str, record: &Record, limit: usize) -> Option<&'static str> {
    if cell.is_empty() {
        let optional = OPTIONAL.split_whitespace().any(|f| f == field)
            && (field != "parentOrganName" || record.get("parentId").is_empty());
        return match field {
            "id" => Some("K301"),
            _ if optional => None,
            _ => Some("V201"),
        };
    }
    let allowed = match field {
        "agentStatus" | "principalStatus" | "work" => 1..=2,
        "gender" | "channel" => 1..=3,
        "organLevel" | "nodeLevel" => i64::MIN..=i64::MAX,
        _ if field.ends_with("Date") => return date(cell).is_none().then_some("V203"),
        _ => return (cell.chars().count() > limit).then_some("V210"),
    };
    match whole(cell).parse::<i64>() {
        Err(_) => Some("V202"),
        Ok(n) => (!allowed.contains(&n)).then_some("V204"),
    }
}

/// A number without a fraction of zeros, in the digits of ASCII.
fn whole(cell: &str) -> String {
    let digit = |c: char| match c {
        '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap(),
        c => c,
    };
    let plain: String = cell.chars().map(digit).collect();
    match plain.split_once('.') {
        Some((number, zeros)) if !zeros.is_empty() && zeros.chars().all(|c| c == '0') => {
            number.to_owned()
        }
        _ => plain,
    }
}

fn is_reformatted_number(field: &str, cell: &str) -> bool {
    let integers = ["agentStatus", "principalStatus", "work", "gender", "channel", "organLevel"];
    (integers.contains(&field) || field == "nodeLevel") && whole(cell) != cell
}
