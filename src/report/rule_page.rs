//! The page of a rule, and all pages as one document: `docs/rules.md` and `docs/rules.zh-CN.md`.

use std::fmt::Write as _;

use super::formatting;
use crate::model::{Language, RuleMeta};

/// The page of a rule as Markdown: what it finds, how loud it is, what it checks, why that matters, how to mend it, and
/// an example of the defect and of what is right.
pub fn page(language: Language, meta: &RuleMeta) -> String {
    let (level, disposition) = (
        formatting::level(language, meta.level),
        formatting::disposition(language, meta.disposition),
    );
    let facts = language.choose(
        format!(
            "级别：{level}（{}）；处置：{}（{}，{disposition}）",
            meta.level.name(),
            formatting::disposition_word(language, meta.disposition),
            meta.disposition.name()
        ),
        format!("level: {level}; disposition: {} ({disposition})", meta.disposition.name()),
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

/// All pages, with a table of them at the top.
pub fn document(language: Language, catalogue: &[&RuleMeta]) -> String {
    let mut text = language
        .choose(
            "\
# 规则目录

[English](rules.md) · 中文

本文件由规则目录生成，请勿手工修改；`orgsnap rules CODE` 显示同样的内容。

级别表示问题的严重程度，任务文件的 `[rules]` 可以按名称调整；处置表示数据如何处理：

- `refuse`：整批不发布，保留上一快照。
- `quarantine`：该行原样隔离，不作为新数据发布；此前发布过的，沿用最后一次有效的版本。
- `detach`：该行原样发布，但这条上级关系不计入树。
- `keep`：原样发布。

示例只列出相关的字段；以日期开头的行是前后两天的同一文件。

| 代码 | 名称 | 级别 | 处置 | 说明 |
|---|---|---|---|---|
",
            "\
# The rules

English · [中文](rules.zh-CN.md)

Made from the catalogue of rules, not to be changed by hand; `orgsnap rules CODE` shows the same text.

The level says how loud a finding is, and the table `[rules]` of a job sets it by name. The disposition says what becomes of
the data:

- `refuse`: the delivery is not published; the last snapshot stays.
- `quarantine`: the row is kept aside as delivered and not published as new data; if it was published before, its last good
  version is carried on.
- `detach`: the row is published as delivered, and the edge is left out of the tree.
- `keep`: published as delivered.

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
        let (level, disposition) = (meta.level.name(), meta.disposition.name());
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
