//! docs/analyst.md and its Chinese twin show the questions of the file, in its order and with its example values.

use std::{fs, path::Path};

use orgsnap::analyst::QUESTIONS;

use super::with;

#[test]
fn the_documents_for_analysts_hold_exactly_the_questions_of_the_file() {
    for (file, chinese) in [("docs/analyst.md", false), ("docs/analyst.zh-CN.md", true)] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let mut rest = text.as_str();
        for (n, question) in (1..).zip(QUESTIONS.iter()) {
            let (title, about) = match chinese {
                true => (&question.title_zh, &question.about_zh),
                false => (&question.title_en, &question.about_en),
            };
            let sql = with(question, &question.parameters);
            let shown = format!("### {n}. {title}\n\n{about}\n\n```sql\n{sql}```\n");
            let at = rest.find(&shown);
            let at = at
                .unwrap_or_else(|| panic!("{file} does not show, after those before it:\n{shown}"));
            rest = &rest[at + shown.len()..];
        }
        let others = rest.matches("\n### ").count();
        assert_eq!(others, 0, "{file} shows {others} questions that are not in the file");
    }
}
