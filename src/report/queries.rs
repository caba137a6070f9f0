//! Queries to try on a published snapshot, as commands that work when pasted into a shell.

use std::path::Path;

use crate::model::Message;

/// A question and the command that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question.
    pub question: Message,
    /// A command line for a POSIX shell with the `sqlite3` program.
    pub command: String,
}

/// Two questions that an analyst would ask first of the newest snapshot in `database`.
pub fn to_try(database: &Path) -> [Query; 2] {
    let members = "select id, agent_name, agent_grade_level, team_path_name, leader_name from agent_now \
                   where working_node_id = (select id from node_tree where child_count = 0 \
                   order by active_agent_count desc, id limit 1) and agent_status = 1 order by id limit 10;";
    let recruiters = "select a.id, a.agent_name, t.child_count as recruits, t.descendant_count as line, \
                      t.active_descendant_count as active from recruit_tree t join agent a on a.id = t.id \
                      order by t.descendant_count desc, a.id limit 10;";
    [
        Query {
            question: Message::fixed("人数最多的团队里有谁", "who is in the largest team"),
            command: command(database, members),
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
        for query in to_try(Path::new("data/demo/org.db")) {
            let sql = query.command.split_once('"').expect("quoted SQL").1;
            assert!(!sql.trim_end_matches('"').contains(['"', '$', '`', '\\', '!']), "{sql}");
        }
    }
}
