//! A robot of a WeCom group: what it takes, and what its answers mean.

use serde::{Deserialize, Serialize};

use super::SendError;

/// Number of characters of WeCom's message that are passed on.
const LONGEST_WORDS: usize = 200;

#[derive(Serialize)]
struct Body<'a> {
    msgtype: &'static str,
    markdown: Markdown<'a>,
}

#[derive(Serialize)]
struct Markdown<'a> {
    content: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

/// The body of a message.
pub(super) fn body(content: &str) -> Result<Vec<u8>, SendError> {
    serde_json::to_vec(&Body { msgtype: "markdown", markdown: Markdown { content } })
        .map_err(|_| SendError::Internal)
}

/// Whether WeCom took the message: it says so by `errcode`, HTTP says 200 either way.
pub(super) fn judge(answer: &[u8]) -> Result<(), SendError> {
    match serde_json::from_slice::<Answer>(answer) {
        Ok(Answer { errcode: 0, .. }) => Ok(()),
        Ok(Answer { errcode, errmsg }) => {
            let words = errmsg.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect();
            Err(SendError::Robot { code: errcode, words })
        }
        Err(_) => Err(SendError::RobotAnswer),
    }
}
