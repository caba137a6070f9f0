//! The arguments that say how delivered files are laid out.

use std::str::FromStr;

use clap::Args;
use orgsnap::config::job::{Encoding, Format, PinnedLines};

use super::argument::BadArgument;

/// Layout of the files, where it is not to be detected.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct FormatArguments {
    /// auto, utf-8, gb18030 (also gbk, gb2312), utf-16le or utf-16be
    #[arg(long, value_name = "ENCODING")]
    encoding: Option<EncodingArgument>,
    /// auto, or one or more characters; tab, \t and \x01 are understood
    #[arg(long, value_name = "CHARACTERS")]
    delimiter: Option<DelimiterArgument>,
    /// Whether the first line is a header
    #[arg(long, value_name = "true|false")]
    header: Option<bool>,
}

impl FormatArguments {
    /// The format of the job with what the arguments say put over it.
    pub(super) fn over(&self, job: &Format) -> Format {
        Format {
            encoding: self.encoding.map_or(job.encoding, |argument| argument.0),
            delimiter: match &self.delimiter {
                Some(argument) => argument.0.clone(),
                None => job.delimiter.clone(),
            },
            header: self.header.or(job.header),
            export: job.export.clone(),
            lines: PinnedLines {
                encoding: job.lines.encoding.filter(|_| self.encoding.is_none()),
                delimiter: job.lines.delimiter.filter(|_| self.delimiter.is_none()),
                header: job.lines.header.filter(|_| self.header.is_none()),
            },
        }
    }
}

/// An encoding; `None` is `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EncodingArgument(Option<Encoding>);

impl FromStr for EncodingArgument {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<EncodingArgument, BadArgument> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(EncodingArgument(None));
        }
        let encoding = Encoding::from_name(text).ok_or_else(|| {
            BadArgument::new(
                "应为 auto、utf-8、gb18030、gbk、gb2312、utf-16le 或 utf-16be",
                "expected auto, utf-8, gb18030, gbk, gb2312, utf-16le or utf-16be",
            )
        })?;
        Ok(EncodingArgument(Some(encoding)))
    }
}

/// A delimiter; `None` is `auto`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DelimiterArgument(Option<String>);

impl FromStr for DelimiterArgument {
    type Err = BadArgument;

    fn from_str(text: &str) -> Result<DelimiterArgument, BadArgument> {
        if text == "auto" {
            return Ok(DelimiterArgument(None));
        }
        delimiter(text).map(|delimiter| DelimiterArgument(Some(delimiter)))
    }
}

/// Reads a delimiter as a person types it: `tab`, or characters with the escapes `\t`, `\\` and `\xHH`,
/// because a control character is hard to type.
///
/// # Errors
/// An empty delimiter, a line break in it, or an escape that is none of these.
pub(super) fn delimiter(text: &str) -> Result<String, BadArgument> {
    if text.eq_ignore_ascii_case("tab") {
        return Ok("\t".to_owned());
    }
    let mut delimiter = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            delimiter.push(c);
            continue;
        }
        match rest.next() {
            Some('t') => delimiter.push('\t'),
            Some('\\') => delimiter.push('\\'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                match u8::from_str_radix(&digits, 16) {
                    Ok(code) if digits.len() == 2 && code < 0x80 => {
                        delimiter.push(char::from(code))
                    }
                    _ => {
                        return Err(BadArgument::new(
                            format!("\\x 后应为不超过 7f 的两位十六进制数字，而不是 {digits:?}"),
                            format!("\\x needs two hex digits up to 7f, not {digits:?}"),
                        ));
                    }
                }
            }
            Some(other) => {
                return Err(BadArgument::new(
                    format!("没有转义 \\{other}；可用的有 \\t、\\\\ 和 \\xHH"),
                    format!("unknown escape \\{other}; known are \\t, \\\\ and \\xHH"),
                ));
            }
            None => {
                return Err(BadArgument::new(
                    "末尾多了一个 \\；请写成 \\\\",
                    "a lone \\ at the end; write \\\\",
                ));
            }
        }
    }
    match delimiter.as_str() {
        "" => {
            Err(BadArgument::new("分隔符至少有一个字符", "a delimiter has at least one character"))
        }
        d if d.contains(['\n', '\r']) => {
            Err(BadArgument::new("分隔符中不能有换行", "a delimiter holds no line break"))
        }
        _ => Ok(delimiter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_read_as_people_type_them() {
        let good = [
            ("|", "|"),
            ("|+|", "|+|"),
            ("tab", "\t"),
            ("TAB", "\t"),
            (r"\t", "\t"),
            (r"\x01", "\u{1}"),
            (r"\x1B|", "\u{1b}|"),
            (r"\\", "\\"),
            ("，", "，"),
        ];
        for (text, expected) in good {
            assert_eq!(delimiter(text).as_deref(), Ok(expected), "{text}");
        }
        for bad in ["", r"\", r"\x", r"\x1", r"\xg1", r"\xff", r"\n", r"\x0a", "a\nb"] {
            assert!(delimiter(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn format_arguments_override_the_job_and_auto_removes_its_pin() {
        let job = Format {
            encoding: Some(Encoding::Gb18030),
            delimiter: Some("|".to_owned()),
            header: Some(true),
            ..Format::default()
        };
        let silent = FormatArguments { encoding: None, delimiter: None, header: None };
        assert_eq!(silent.over(&job), job);
        let auto = FormatArguments {
            encoding: "auto".parse().ok(),
            delimiter: "auto".parse().ok(),
            header: Some(false),
        };
        assert_eq!(auto.over(&job), Format { header: Some(false), ..Format::default() });
        assert_eq!("GBK".parse(), Ok(EncodingArgument(Some(Encoding::Gb18030))));
        assert!("latin1".parse::<EncodingArgument>().is_err());
    }
}
