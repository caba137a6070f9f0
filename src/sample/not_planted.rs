//! The rules that no sample breaks, and why: `Defects::All` plants a defect for every other one.

use crate::model::Message;

/// Rules of which a sample holds no defect.
#[derive(Debug)]
pub struct NotPlanted {
    /// Their codes.
    pub codes: &'static [&'static str],
    /// Why.
    pub why: Message,
}

/// All of them.
pub static NOT_PLANTED: &[NotPlanted] = &[
    NotPlanted {
        codes: &["F112"],
        why: Message::fixed(
            "只有任务文件声明了控制记录（[format] trailer）才检查；请在样例文件末尾加一行，如 TRL|1，并写 trailer = \"TRL|{rows}\"",
            "checked only where the job declares a control record; add a last line such as TRL|1 to a file and [format] trailer = \"TRL|{rows}\" to the job",
        ),
    },
    NotPlanted {
        codes: &["F101", "F102", "F103", "F104", "F105", "F107", "F111", "T603"],
        why: Message::fixed(
            "文件会缺失或无法读取，其他缺陷就看不到了",
            "a file would be missing or unreadable, and hide the other defects",
        ),
    },
    NotPlanted {
        codes: &["F106", "F115"],
        why: Message::fixed(
            "需要整个文件换一种形式（多一列，或带引号）",
            "a whole file would have to take another form (a further column, quotes)",
        ),
    },
    NotPlanted {
        codes: &["F109", "S801", "S802", "S803", "S804", "S805"],
        why: Message::fixed(
            "须与上一次发布的交付比较；请另写一份不同日期的样例（--date、--churn），先后导入",
            "compared with what was published before; write another sample with --date and --churn, and import both",
        ),
    },
    NotPlanted {
        codes: &["T610"],
        why: Message::fixed(
            "只有声明了表示“没有上级”的写法（[format] tops）才检查",
            "checked only where [format] tops names texts",
        ),
    },
    NotPlanted {
        codes: &["F116"],
        why: Message::fixed(
            "只有声明了跳过的行（[format] skip_lines、comment）才检查",
            "checked only where [format] skip_lines or comment has lines skipped",
        ),
    },
    NotPlanted {
        codes: &["F110"],
        why: Message::fixed(
            "只有任务文件写了 freshness 才检查",
            "checked only where the job has freshness",
        ),
    },
    NotPlanted {
        codes: &["X413"],
        why: Message::fixed(
            "只用于任务自己的结构中新增的引用",
            "only for references that a job's own schema adds",
        ),
    },
];
