//! Errors of loading schema files.

use std::{io, path::PathBuf};

use crate::model::{Message, system_reason};

/// Why schema files could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file cannot be read.
    #[error("cannot read schema file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{file}:{line}:{column}: not valid JSON: {}", problem.en)]
    Json {
        /// The file.
        file: String,
        /// 1-based line.
        line: usize,
        /// 1-based column.
        column: usize,
        /// What is wrong.
        problem: Message,
    },
    /// The JSON lacks a value, or has a wrong one.
    #[error("{file}: at {pointer}: {}", problem.en)]
    Invalid {
        /// The file.
        file: String,
        /// JSON pointer (RFC 6901) of the value at fault; `/` for the whole file.
        pointer: String,
        /// What was expected.
        problem: Message,
    },
}

impl SchemaError {
    /// What happened, where, and what to do, in both languages; `Display` is the English one.
    pub fn message(&self) -> Message {
        let zh = match self {
            SchemaError::Read { path, source } => {
                let why = system_reason(source).zh;
                format!("无法读取结构文件 {}：{why}；请检查任务文件中的 schema", path.display())
            }
            SchemaError::Json { file, line, column, problem } => {
                format!("{file}:{line}:{column}: 不是有效的 JSON：{}", problem.zh)
            }
            SchemaError::Invalid { file, pointer, problem } => {
                format!("{file}: {pointer} 处不符合要求：{}", problem.zh)
            }
        };
        Message::new(zh, self.to_string())
    }
}
