//! The environment of the program: terminal, locale, variables, clock. Nothing else reads them.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use chrono::{DateTime, Local, NaiveDate, Utc};
use orgsnap::report::Language;

/// Columns of a report that no terminal shows: a line of a log, a mail or a file.
const WIDTH_WITHOUT_TERMINAL: usize = 100;
/// Narrower or wider, a table of the report would no longer be readable.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=160;

/// What the verbs know of the outside.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    /// The language of what people are told.
    pub language: Language,
    /// Whether the report may be coloured.
    pub colour: bool,
    /// Columns of the report.
    pub width: usize,
    /// Whether a person watches the progress.
    pub watched: bool,
    /// Whether standard output is a terminal.
    pub on_terminal: bool,
    /// The data folder.
    pub data: PathBuf,
}

impl Environment {
    /// Looks around. `language` and `no_colour` are what the arguments say.
    pub(super) fn look(language: Option<Language>, no_colour: bool, data: PathBuf) -> Environment {
        let on_terminal = io::stdout().is_terminal();
        // https://no-color.org: set and not empty.
        let unwanted = no_colour
            || variable("NO_COLOR").is_some_and(|value| !value.is_empty())
            || variable("TERM").is_some_and(|term| term == "dumb");
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()));
        Environment {
            language: language.unwrap_or_else(|| language_of(locale.as_deref())),
            colour: on_terminal && !unwanted,
            width: width(on_terminal),
            watched: io::stderr().is_terminal(),
            on_terminal,
            data,
        }
    }

    /// Columns of a table of rows: those of the terminal, and as many as it needs in a file or a pipe.
    pub(super) fn table_width(&self) -> usize {
        if self.on_terminal { self.width } else { usize::MAX }
    }

    /// The instant.
    pub(super) fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    /// The calendar date where the program runs.
    pub(super) fn today(&self) -> NaiveDate {
        Local::now().date_naive()
    }

    /// The name of the user who runs the program: that of the environment, else that of the system's list of users, else the
    /// number.
    pub(super) fn user() -> String {
        let named = ["SUDO_USER", "LOGNAME", "USER", "USERNAME"]
            .iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()));
        named.unwrap_or_else(|| {
            let uid = rustix::process::getuid().as_raw();
            let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            user_of(uid, &users).unwrap_or_else(|| format!("uid={uid}"))
        })
    }

    /// The program that loads the library of the session archive, unless a job names another: the one beside this one.
    pub(super) fn archive_reader(&self) -> PathBuf {
        let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("orgsnap"));
        orgsnap::wecom::archive::reader_program(&own)
    }

    /// The variables that this program gets: where libraries and authorities are. No others, as they may be secrets.
    pub(super) fn archive_variables(&self) -> Vec<(OsString, OsString)> {
        let names = ["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ", "LANG"];
        names
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
            .collect()
    }

    /// Looks an environment variable up, for the secrets of a job file.
    pub(super) fn variable(name: &str) -> Option<String> {
        variable(name)
    }
}

/// The name of a user in the text of a passwd file.
fn user_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The language of a locale such as `zh_CN.UTF-8`. Where the locale says nothing, as under cron, the
/// report is for an insurer in China.
fn language_of(locale: Option<&str>) -> Language {
    let name = locale.unwrap_or_default();
    let spoken = name.split(['_', '-', '.', '@']).next().unwrap_or_default();
    match spoken {
        "" | "C" | "POSIX" => Language::Chinese,
        _ if spoken.eq_ignore_ascii_case("zh") => Language::Chinese,
        _ => Language::English,
    }
}

fn width(on_terminal: bool) -> usize {
    let columns = match terminal_size::terminal_size() {
        Some((terminal_size::Width(columns), _)) if on_terminal => usize::from(columns),
        _ => WIDTH_WITHOUT_TERMINAL,
    };
    columns.clamp(*WIDTHS.start(), *WIDTHS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_variables_is_named_by_the_list_of_users() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\n# a remark\n\nli:x:1001:100::/home/li:/bin/sh\n";
        assert_eq!(user_of(1001, users).as_deref(), Some("li"));
        assert_eq!(user_of(0, users).as_deref(), Some("root"));
        assert_eq!(user_of(100, users), None, "that is a group");
    }

    #[test]
    fn the_locale_chooses_the_language() {
        let cases = [
            (None, Language::Chinese),
            (Some("C"), Language::Chinese),
            (Some("C.UTF-8"), Language::Chinese),
            (Some("zh_CN.UTF-8"), Language::Chinese),
            (Some("zh-TW"), Language::Chinese),
            (Some("zh"), Language::Chinese),
            (Some("en_US.UTF-8"), Language::English),
            (Some("de_DE@euro"), Language::English),
        ];
        for (locale, expected) in cases {
            assert_eq!(language_of(locale), expected, "{locale:?}");
        }
    }
}
