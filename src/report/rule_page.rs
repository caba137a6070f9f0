//! The page of a rule, and all pages as one document: `docs/rules.md` and `docs/rules.zh-CN.md`.

use std::fmt::Write as _;

use super::formatting;
use crate::model::{Language, RuleMeta};

/// The page of a rule as Markdown: what it finds, how grave it is, what it checks, why that matters, how to mend it, and
/// an example of the defect and of what is right.
pub fn page(language: Language, meta: &RuleMeta) -> String {
    let level = formatting::level(language, meta.level);
    let (disposition, name) = (meta.disposition, meta.disposition.name());
    let facts = language.choose(
        format!(
            "级别：{level}（{}）；处置：{}（{name}）",
            meta.level.name(),
            formatting::disposition(language, disposition)
        ),
        format!(
            "level: {level}; disposition: {name} ({})",
            formatting::disposition(language, disposition)
        ),
    );
    let (example, defect, mended) = language.choose(
        ("## 示例", "有误：", "正确："),
        ("## Example", "With the defect:", "As it should be:"),
    );
    let mut page = format!(
        "# {} {}\n\n{}\n\n{facts}\n\n{}\n\n{example}\n",
        meta.code,
        meta.name,
        language.of(&meta.summary),
        language.of(&meta.docs).trim()
    );
    for (title, lines) in [(defect, meta.example.defect), (mended, meta.example.mended)] {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{title}\n");
        let header = Some(meta.example.header).filter(|header| !header.is_empty());
        for line in header.into_iter().chain(lines.split('\n')) {
            let _ = writeln!(page, "    {line}");
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// How the provider mends what a rule finds: the last part of its page.
pub fn how_to_mend(language: Language, meta: &RuleMeta) -> &str {
    let docs = language.of(&meta.docs);
    let part = docs.rsplit("## ").next().unwrap_or_default();
    part.split_once('\n').map_or("", |(_, text)| text.trim())
}

/// All pages, with a table of them at the top.
pub fn document(language: Language, catalogue: &[&RuleMeta]) -> String {
    let mut text = language
        .choose(
            "\
# 规则目录

[English](rules.md) · 中文

本文件由规则目录生成，请勿手工修改；`orgsnap rules CODE` 显示同样的内容。

级别表示问题的严重程度，任务文件的 `[rules]` 可以按名称调整；处置表示数据如何处理：

- 不发布 `refuse`：整批不发布，保留上一快照。
- 隔离 `quarantine`：该行原样隔离，不作为新数据发布；此前发布过的，沿用最后一次有效的版本。
- 断开上级 `detach`：该行照常发布，但这条上级关系不计入树。
- 照常发布 `keep`：照常发布；规则说明中写明的写法会统一（如去除首尾空白），重复的行只发布一次。

示例只列出相关的字段；以日期开头的行是前后两天的同一文件。

| 代码 | 名称 | 级别 | 处置 | 说明 |
|---|---|---|---|---|
",
            "\
# The rules

English · [中文](rules.zh-CN.md)

Made from the catalogue of rules, not to be changed by hand; `orgsnap rules CODE` shows the same text.

The level says how grave a finding is, and the table `[rules]` of a job sets it by name. The disposition says what becomes of
the data:

- `refuse`: the delivery is not published; the last snapshot stays.
- `quarantine`: the row is kept aside as delivered and not published as new data; if it was published before, its last good
  version is carried on.
- `detach`: the row is published, and the edge is left out of the tree.
- `keep`: published; what the rule's page says is put right (such as white space round a value), and a repeated row is published once.

Examples show the fields that matter; lines that begin with a date are of one file on two days.

| code | name | level | disposition | fires when |
|---|---|---|---|---|
",
        )
        .to_owned();
    for meta in catalogue {
        let (code, name) = (meta.code, meta.name);
        let anchor = format!("{}-{name}", code.to_lowercase());
        let summary = language.of(&meta.summary).replace('|', "\\|");
        let level = formatting::level(language, meta.level);
        let disposition = formatting::disposition_word(language, meta.disposition);
        let _ = writeln!(
            text,
            "| [{code}](#{anchor}) | {name} | {level} | {disposition} | {summary} |"
        );
    }
    for meta in catalogue {
        for line in page(language, meta).lines() {
            // The title of the document is above the titles of the pages.
            let deeper = if line.starts_with('#') { "#" } else { "" };
            if line.starts_with("# ") {
                text.push('\n');
            }
            let _ = writeln!(text, "{deeper}{line}");
        }
    }
    text
}
