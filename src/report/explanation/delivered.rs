//! The deliveries of an explanation, with the lines of the record as they came.

use std::fmt::Write as _;

use crate::model::{ArchiveState, DeliveryTrace, LineFate, ListedFinding, TraceRole, TracedLine};
use crate::report::formatting::{self, grouped};
use crate::report::layout::{Column, table, visible};

use super::Drawing;

impl Drawing {
    /// A delivery with the lines of the record. `findings` are those of its date.
    pub(super) fn delivery(&mut self, delivery: &DeliveryTrace, findings: &[ListedFinding]) {
        let date = delivery.date;
        match delivery.role {
            TraceRole::OfDate => {
                self.title(
                    &format!("来源：{date} 的批次"),
                    &format!("from the delivery of {date}"),
                );
            }
            TraceRole::LastGood => self.title(
                &format!("最后一个合格版本：{date} 的批次"),
                &format!("the last good row: the delivery of {date}"),
            ),
            TraceRole::LastSeen => self.title(
                &format!("最近一次提供：{date} 的批次"),
                &format!("delivered last: the delivery of {date}"),
            ),
        }
        let file = &delivery.file;
        let language = self.language;
        let name = visible(&file.name);
        let name = match &file.container {
            Some(zip) => {
                let zip = visible(zip);
                language.choose(format!("{zip}（其中的 {name}）"), format!("{zip} ({name} in it)"))
            }
            None => name.into_owned(),
        };
        let mut facts = vec![name, formatting::size(file.size)];
        facts.extend(file.encoding.clone());
        if let Some(delimiter) = &file.delimiter {
            let delimiter = visible(delimiter);
            facts.push(
                language.choose(format!("分隔符 {delimiter}"), format!("delimiter {delimiter}")),
            );
        }
        self.say(
            2,
            &format!(
                "{}  {}",
                language.choose("文件", "file"),
                facts.join(language.choose("，", ", "))
            ),
        );
        if let Some(sha256) = &file.sha256 {
            self.say(2, &format!("SHA-256  {sha256}"));
        }
        self.say(2, &format!("{}  {}", language.choose("运行", "run"), delivery.run));
        match &delivery.archive {
            ArchiveState::Read { .. } => {}
            ArchiveState::Gone(path) => {
                let path = path.display();
                self.say(2, &language.choose(
                    format!("归档 {path} 已不存在；以下只有数据库中的内容"),
                    format!("the archive {path} is not there any more; what follows is from the database alone"),
                ));
            }
            ArchiveState::Unusable(why) => {
                let why = language.of(why);
                self.say(2, &language.choose(
                    format!("未能读取归档：{why}；以下只有数据库中的内容"),
                    format!("the archive was not read: {why}; what follows is from the database alone"),
                ));
            }
        }
        let read = matches!(delivery.archive, ArchiveState::Read { .. });
        let expanded = matches!(delivery.archive, ArchiveState::Read { expanded: true });
        if delivery.lines.is_empty() && read {
            self.say(
                2,
                language.choose("文件中没有该主键的行", "no line of the file has this key"),
            );
        }
        for line in &delivery.lines {
            let on_line = |finding: &&ListedFinding| finding.line == Some(line.line);
            let findings: Vec<&ListedFinding> = findings.iter().filter(on_line).collect();
            self.line(line, expanded, &findings);
        }
    }

    fn line(&mut self, line: &TracedLine, expanded: bool, findings: &[&ListedFinding]) {
        let language = self.language;
        let number = grouped(line.line);
        let mut place = language.choose(format!("第 {number} 行"), format!("line {number}"));
        if let Some(bytes) = &line.bytes {
            let (start, length) = (bytes.start, bytes.end - bytes.start);
            let of = match expanded {
                true => language.choose("（解压后的文件内）", " (of the expanded file)"),
                false => "",
            };
            place.push_str(&language.choose(
                format!("，字节偏移 {start}{of}，长 {length} 字节"),
                format!(", byte offset {start}{of}, {length} bytes long"),
            ));
        }
        let fate = match &line.fate {
            LineFate::Published => language.choose("已发布", "published").to_owned(),
            LineFate::Repeated => language
                .choose("与已发布的那一行重复，不再发布", "repeats the published line")
                .to_owned(),
            LineFate::Quarantined(rules) => {
                let rules = rules.join(language.choose("、", ", "));
                language.choose(format!("已隔离（{rules}）"), format!("quarantined ({rules})"))
            }
        };
        self.say(2, &format!("{place}{}{fate}", language.choose("：", ": ")));
        // Never wrapped: it is what was delivered.
        let _ = writeln!(self.text, "    {}", visible(&line.text));
        if line.fields.is_empty() {
            return;
        }
        let header = language.choose(
            ["字段", "名称", "第几字符", "问题", "值"],
            ["field", "title", "character", "findings", "value"],
        );
        let rows: Vec<Vec<String>> = line
            .fields
            .iter()
            .map(|field| {
                let (name, title) = match &field.name {
                    Some((name, title)) => {
                        (visible(name).into_owned(), language.of(title).to_owned())
                    }
                    None => (
                        "-".to_owned(),
                        language.choose("多出的列", "no field of the schema").to_owned(),
                    ),
                };
                let before = line.text.get(..field.at.start).unwrap_or_default();
                let character = before.chars().count() as u64 + 1;
                let known = field.name.as_ref().map(|(name, _)| name.as_str());
                let at_fault = findings
                    .iter()
                    .filter(|finding| known.is_some() && finding.field.as_deref() == known);
                let codes: Vec<&str> = at_fault.map(|finding| finding.code.as_str()).collect();
                let value = visible(&field.value).into_owned();
                vec![name, title, grouped(character), codes.join(" "), value]
            })
            .collect();
        let mut columns = [Column::Text; 5];
        columns[2] = Column::Number;
        self.text.push_str(&table(&columns, &header, &rows, 4, self.width));
    }
}
