//! The Chinese texts use the terms of the trade, and one term for one thing.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Terms that are private wording, translated word for word, or second names, and what stands for each of them.
const TERMS: &[(&str, &str)] = &[
    ("东西在哪里", "目录结构"),
    ("报一次平安", "心跳"),
    ("报平安", "心跳"),
    ("取件", "获取文件"),
    ("取用", "获取"),
    ("齐了才取", "到齐后才获取"),
    ("一份交付", "批次 / 数据文件"),
    ("整份交付", "整个批次"),
    ("交付被拒", "批次未发布"),
    ("被拒交付", "未发布批次"),
    ("交付文件", "数据文件"),
    ("未予发布", "未发布"),
    ("另一运行", "已有任务在运行"),
    ("持有锁", "已有任务在运行"),
    ("试通", "验证连通"),
    ("文件夹", "目录"),
    ("标题行", "表头"),
    ("对外快照", "当前快照"),
    ("帐号", "账号"),
    ("内部故障", "内部错误"),
    ("应答", "响应"),
    ("回答", "响应"),
    ("告知", "通知"),
    ("告别", "close_notify"),
    ("合同", "约定"),
    ("顶点", "根节点"),
    ("悬空", "孤立节点"),
    ("断开的边", "断开的上级关系"),
    ("坏字节", "无效字节"),
    ("坏序列", "无效序列"),
    ("逐格", "逐字段"),
    ("名册", "代理人"),
    ("多半", "通常"),
    ("少掉", "减少"),
    ("读不到", "无法读取"),
    ("排期", "重新计算运行时间"),
    ("移走它", "将其移走"),
    ("删去", "删除"),
    ("源端", "数据源"),
    ("对方", "提供方 / 服务器"),
    ("迟到", "未按时到达 / 晚到"),
    ("推出", "计算得出"),
    ("服务器公钥", "主机密钥"),
    ("更新版本", "更高版本"),
    ("是否要写", "是否应为"),
    ("是否想写", "是否应为"),
    ("再看", "再次检查"),
    ("再试", "重试"),
    ("请报告此问题", "请反馈给开发者"),
    ("没有意义", "不适用"),
    ("未写：", "未设置："),
    ("什么都不", "不……任何内容"),
    ("什么也没有", "未……任何"),
    ("外壳", "shell"),
    ("半成品", "不完整的数据"),
];

/// Where Chinese texts are for people.
const SOURCES: [&str; 7] =
    ["README.zh-CN.md", "Dockerfile", "docs", "jobs", "packaging", "schemas", "src"];

/// Every banned term in a text, with its line.
fn banned(text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let found = lines.flat_map(|(index, line)| {
        let terms = TERMS.iter().filter(move |(term, _)| line.contains(term));
        terms.map(move |(term, better)| format!("line {}: {term} -> {better}: {line}", index + 1))
    });
    found.collect()
}

#[test]
fn chinese_texts_use_one_term_of_the_trade_for_one_thing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut read = 0;
    let mut faults = Vec::new();
    let mut open: Vec<PathBuf> = SOURCES.iter().map(|source| root.join(source)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        read += 1;
        let name = path.strip_prefix(root).unwrap().display();
        faults.extend(banned(&text).iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(read > 100, "only {read} files were read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Where a line departs from the typography of Chinese messages: a space between Chinese and Latin characters,
/// full-width punctuation behind Chinese ones, and one kind of quotes.
fn misprints(line: &str) -> Vec<&'static str> {
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let characters: Vec<char> = line.chars().collect();
    let mut found = Vec::new();
    if line.contains(['「', '」']) {
        found.push("quotes are “ and ”");
    }
    for (at, pair) in characters.windows(2).enumerate() {
        let (left, right) = (pair[0], pair[1]);
        // An escape such as `\n` is no letter, and a date is written as 2024年5月1日.
        let escape = at > 0 && characters[at - 1] == '\\';
        let date = "年月日".contains(right) || "年月".contains(left);
        let joined = (han(left) && right.is_ascii_alphanumeric())
            || (left.is_ascii_alphanumeric() && han(right) && !escape);
        if joined && !date {
            found.push("a space stands between Chinese and Latin characters");
        }
        if han(left) && ",;:!?".contains(right) && !"年月日".contains(left) {
            found.push("punctuation behind Chinese characters is full-width");
        }
    }
    found
}

#[test]
fn chinese_messages_have_uniform_spaces_punctuation_and_quotes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    let mut open = vec![root.join("src"), root.join("README.zh-CN.md"), root.join("docs")];
    while let Some(path) = open.pop() {
        // Made-up names of offices and people, and tables of punctuation, are no messages.
        if path == root.join("src/sample") || path == root.join("src/report/layout.rs") {
            continue;
        }
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // Tests at the end of a file hold data.
        let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        let messages = code.enumerate().filter(|(_, line)| {
            !line.trim_start().starts_with("//")
                // What remains of a text that was decoded twice.
                && !line.contains("锟斤拷")
                && !line.contains("assert")
                // The library that draws snippets puts its own colon.
                && !line.contains("= 说明: ")
        });
        for (index, line) in messages {
            let name = path.strip_prefix(root).unwrap().display();
            let place = |fault| format!("{name}:{}: {fault}: {}", index + 1, line.trim());
            faults.extend(misprints(line).into_iter().map(place));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn misprints_of_chinese_messages_are_found() {
    for (line, faults) in [
        ("已写入 a.toml：共 3 行\\n下一步", 0),
        ("自2024年5月1日起", 1),
        ("写入a.toml", 1),
        ("a.toml无效", 1),
        ("无效:", 1),
        ("「日」", 1),
    ] {
        assert_eq!(misprints(line).len(), faults, "{line}");
    }
}

#[test]
fn a_banned_term_is_found_with_its_line() {
    let found = banned("获取文件\n等待取件");
    assert_eq!(found, ["line 2: 取件 -> 获取文件: 等待取件"]);
}
