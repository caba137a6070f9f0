//! How each file begins: encoding, delimiter, header, and whether the records fit the contract.

use crate::config::job::Job;
use crate::config::schema::Schema;
use crate::fetch::{FileLook, Stage};
use crate::model::{Feed, Message, PerFeed, RowCounter, is_gzip};
use crate::parse::{self, Parsed, Unparsable};
use crate::propose::{self, Sample};

use super::source_look::{Looked, not_reached};
use super::step::{State, Step, same};
use super::subject::Subject;

/// Of ten records one may be at fault; more of them are a fault of the format.
const MOST_AT_FAULT: usize = 10;

/// The steps about the content of the four files, in the order of the document's appendix.
pub(super) fn judge(job: &Job, schema: &Schema, looked: Option<&Looked>) -> Vec<Step> {
    let feeds = [Feed::Agent, Feed::Node, Feed::Principal, Feed::Organ];
    let Some(looked) = looked else {
        let none = |feed| {
            Step::not_configured(
                Subject::content_of(feed),
                Message::fixed("任务文件没有 [source]", "the job file has no [source]"),
                Message::fixed("配置 [source] 后检查", "it is looked at once there is a [source]"),
            )
        };
        return feeds.map(none).into();
    };
    let Some(files) = &looked.look.files else {
        let at = looked.look.failed.as_ref().map_or(Stage::Files, |(stage, _)| *stage);
        return feeds.map(|feed| not_reached(Subject::content_of(feed), at)).into();
    };
    let settings = proposed_settings(schema, files);
    let step = |feed| {
        let step = of_file(job, schema, feed, &files[feed]);
        match (&step.advice, &settings) {
            (Some(advice), Some(settings)) if step.state == State::Failed => {
                let advice = Message::new(
                    format!("{}；由文件内容得出的设置，核对后写入任务文件", advice.zh),
                    format!(
                        "{}; the content shows settings, to be written into the job file once verified",
                        advice.en
                    ),
                );
                Step { advice: Some(advice), ..step }.for_job(settings.as_str())
            }
            _ => step,
        }
    };
    feeds.map(step).into()
}

/// The settings that the beginnings show to be needed; `None` if there are none.
fn proposed_settings(schema: &Schema, files: &PerFeed<FileLook>) -> Option<String> {
    let lines = PerFeed::from_fn(|feed| whole_lines(&files[feed]));
    let samples = PerFeed::from_fn(|feed| {
        let bytes = lines[feed]?;
        Some(Sample { name: &files[feed].name, bytes })
    });
    let mut proposal = propose::propose(schema, &samples).ok()?;
    // Questions quote records, which name people: a checklist is forwarded.
    proposal.questions.clear();
    (!proposal.settings.is_empty()).then(|| proposal.toml())
}

/// The whole lines of a beginning; `None` if there is none.
fn whole_lines(file: &FileLook) -> Option<&[u8]> {
    let seen = file.seen.as_ref()?;
    let bytes = seen.beginning.as_ref().ok()?.as_deref()?;
    if seen.is_whole {
        return Some(bytes);
    }
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    // In UTF-16 a line end takes two bytes.
    let end = if bytes.contains(&0) { end.next_multiple_of(2).min(bytes.len()) } else { end };
    Some(&bytes[..end])
}

fn of_file(job: &Job, schema: &Schema, feed: Feed, file: &FileLook) -> Step {
    let (subject, name) = (Subject::content_of(feed), &file.name);
    let Some(seen) = &file.seen else {
        return Step::not_checkable(
            subject,
            Message::new(format!("{name} 不存在"), format!("{name} is not there")),
            Message::fixed("请先解决 五.6", "settle 五.6 first"),
        );
    };
    let is_empty =
        seen.size == Some(0) || matches!(&seen.beginning, Ok(Some(bytes)) if bytes.is_empty());
    if is_empty || seen.beginning.is_err() {
        return not_reached(subject, Stage::Files);
    }
    let Some(bytes) = whole_lines(file) else {
        let command = format!("orgsnap import {} --dry-run", job.path.display());
        return Step::not_checkable(
            subject,
            Message::new(
                format!("{name} 是 zip 文件，未下载"),
                format!("{name} is a zip file and was not downloaded"),
            ),
            Message::new(
                format!("请用 {command} 检查内容"),
                format!("check its content with {command}"),
            ),
        );
    };
    let mut schema = schema.clone();
    if !seen.is_whole {
        // The control record stands at the end, which was not read.
        schema.feeds[feed].dialect.trailer = None;
    }
    match parse::parse(bytes, &schema, feed, &job.format, RowCounter::new(&|_, _| {})) {
        Ok(Ok(parsed)) => of_parsed(subject, file, &parsed),
        Ok(Err(unparsable)) => unreadable(subject, name, &unparsable),
        Err(error) => Step::failed(
            subject,
            same(error.to_string()),
            Message::fixed(
                "orgsnap 内部错误，请反馈给开发者",
                "an internal fault of orgsnap, please report it",
            ),
        ),
    }
}

/// A file whose layout was found.
fn of_parsed(subject: Subject, file: &FileLook, parsed: &Parsed<'_>) -> Step {
    let (layout, encoding) = (&parsed.layout, parsed.lines.detected().name());
    let (zh, en) = if layout.header.is_some() {
        ("有表头", "a header")
    } else {
        ("无表头", "no header")
    };
    let delimiter = toml::Value::from(layout.delimiter.as_str());
    let records = parsed.records();
    let mut rows: Vec<u32> = parsed.faults.iter().map(|fault| fault.row).collect();
    rows.dedup();
    let at_fault = parsed.ragged.len() + rows.len();
    let width = layout.width - usize::from(layout.trailing);
    let packed = if is_gzip(&file.name) { "gzip, " } else { "" };
    let seen = Message::new(
        format!(
            "{}：{packed}{encoding}，分隔符 {delimiter}，{zh}，{width} 列；前 {records} 条记录中 {at_fault} 条不符合约定",
            file.name
        ),
        format!(
            "{}: {packed}{encoding}, delimiter {delimiter}, {en}, {width} columns; of the first {records} records {at_fault} do not fit",
            file.name
        ),
    );
    match at_fault.saturating_mul(MOST_AT_FAULT) > usize::try_from(records).unwrap_or(usize::MAX) {
        false => Step::ok(subject, seen),
        true => Step::failed(
            subject,
            seen,
            Message::fixed(
                "请对照文档附录核对列数、日期格式和代码",
                "compare columns, dates and codes with the appendix of the document",
            ),
        ),
    }
}

/// A file without a layout.
fn unreadable(subject: Subject, name: &str, unparsable: &Unparsable) -> Step {
    let seen = match unparsable {
        Unparsable::Empty { .. } => {
            Message::new(format!("{name} 没有记录"), format!("{name} has no record"))
        }
        Unparsable::Encoding(_) => Message::new(
            format!("{name} 的编码无法识别，或不是文本文件"),
            format!("{name} is in no known encoding, or no text"),
        ),
        Unparsable::Layout(no_layout, detected) => {
            let (encoding, wanted) = (detected.name(), no_layout.wanted);
            let best = no_layout.tried.first();
            let best = best.map(|tried| (toml::Value::from(tried.delimiter.as_str()), tried.width));
            let (zh, en) = match best {
                None => (String::new(), String::new()),
                Some((delimiter, width)) => (
                    format!("，最接近的是 {delimiter}，{width} 列"),
                    format!("; the nearest is {delimiter} with {width} columns"),
                ),
            };
            Message::new(
                format!("{name}（{encoding}）没有分隔符能得到约定的 {wanted} 列{zh}"),
                format!("{name} ({encoding}): no delimiter gives the {wanted} columns{en}"),
            )
        }
        Unparsable::Header(layout, detected) => {
            let header = layout.header.as_ref();
            let (missing, twice) = header.map_or((0, 0), |h| (h.missing.len(), h.duplicates.len()));
            let encoding = detected.name();
            Message::new(
                format!("{name}（{encoding}）的表头缺少 {missing} 个必填列，重复 {twice} 列"),
                format!(
                    "{name} ({encoding}): the header lacks {missing} required columns and repeats {twice}"
                ),
            )
        }
        Unparsable::SkippedHeader(..) => Message::new(
            format!("{name} 的表头位于声明为非数据的行"),
            format!("the header of {name} is on a line that the job declares to be no data"),
        ),
    };
    Step::failed(
        subject,
        seen,
        Message::fixed(
            "请保险公司按文档附录的格式重新导出；确属格式不同的，用 orgsnap init --from 样本目录 生成设置",
            "have the insurer export it as the appendix of the document says; where its format is another one, orgsnap init --from DIR makes the settings",
        ),
    )
}
