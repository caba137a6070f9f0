//! Queries to try on a published snapshot, as commands that work when pasted into a shell.

use std::path::Path;

use chrono::NaiveDate;

use crate::model::Message;

/// A question and the command that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question.
    pub question: Message,
    /// A command line for a POSIX shell with the `sqlite3` program.
    pub command: String,
}

/// Two questions that an analyst would ask first of the snapshot of `date` in `database`.
pub fn to_try(database: &Path, date: NaiveDate) -> [Query; 2] {
    let members = format!(
        "select id, agent_name, agent_grade_level, working_node_name from agent_version \
         where working_node_id = (select working_node_id from agent where agent_status = 1 \
         group by working_node_id order by count(*) desc, working_node_id limit 1) \
         and agent_status = 1 and valid_from <= '{date}' and (valid_to is null or '{date}' < valid_to) \
         order by id limit 10;"
    );
    let recruiters = "select a.id, a.agent_name, t.child_count as recruits, t.descendant_count as line, \
                      t.active_descendant_count as active from recruit_tree t join agent a on a.id = t.id \
                      order by t.descendant_count desc, a.id limit 10;";
    [
        Query {
            question: Message::new(
                format!("{date} 当天，最大的团队里有谁"),
                format!("who was in the largest team on {date}"),
            ),
            command: command(database, &members),
        },
        Query {
            question: Message::fixed("谁的增员线人数最多", "whose recruitment line is the largest"),
            command: command(database, recruiters),
        },
    ]
}

fn command(database: &Path, sql: &str) -> String {
    format!("sqlite3 -header -column {} \"{sql}\"", quoted(&database.display().to_string()))
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '=' | ':' | ',');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_to_the_shell() {
        let cases = [
            ("data/demo/org.db", "data/demo/org.db"),
            ("/my data/org.db", "'/my data/org.db'"),
            ("it's/org.db", "'it'\\''s/org.db'"),
            ("$HOME/org.db", "'$HOME/org.db'"),
        ];
        for (path, expected) in cases {
            assert_eq!(quoted(path), expected);
        }
    }

    #[test]
    fn commands_hold_nothing_that_the_shell_expands_within_double_quotes() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).expect("a date");
        for query in to_try(Path::new("data/demo/org.db"), date) {
            let sql = query.command.split_once('"').expect("quoted SQL").1;
            assert!(!sql.trim_end_matches('"').contains(['"', '$', '`', '\\', '!']), "{sql}");
        }
    }
}
