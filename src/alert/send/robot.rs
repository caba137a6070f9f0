//! A robot of a WeCom group: what it takes, and what its answers mean.

use serde::{Deserialize, Serialize};

use crate::config::job::Secret;
use crate::http;

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

/// A text in which nothing of an address can be read but its host.
fn without_parts_of(address: &Secret, mut text: String) -> String {
    let Some(url) = http::url(address.expose()) else { return text };
    let query = url.query_pairs().map(|(_, value)| value.into_owned());
    let raw = url.query().into_iter().flat_map(|query| query.split('&'));
    let raw = raw.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.to_owned());
    let account = [url.username().to_owned(), url.password().unwrap_or_default().to_owned()];
    let fragment = url.fragment().map(str::to_owned);
    let mut parts: Vec<String> = query.chain(raw).chain(account).chain(fragment).collect();
    // Longer ones first, as one may be part of another.
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    for part in parts.iter().filter(|part| !part.is_empty()) {
        text = text.replace(part.as_str(), "***");
    }
    text
}

/// The body of a message.
pub(super) fn body(content: &str) -> Result<Vec<u8>, SendError> {
    serde_json::to_vec(&Body { msgtype: "markdown", markdown: Markdown { content } })
        .map_err(|_| SendError::Internal)
}

/// Whether WeCom took the message: it says so by `errcode`, HTTP says 200 either way. What it says may repeat the robot's
/// address, whose key is a secret.
pub(super) fn judge(answer: &[u8], address: &Secret) -> Result<(), SendError> {
    match serde_json::from_slice::<Answer>(answer) {
        Ok(Answer { errcode: 0, .. }) => Ok(()),
        Ok(Answer { errcode, errmsg }) => {
            let words = without_parts_of(address, errmsg);
            let words = words.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect();
            Err(SendError::Robot { code: errcode, words })
        }
        Err(_) => Err(SendError::RobotAnswer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_robot_says_is_shown_without_the_key_of_its_address() {
        let address = Secret::new(
            "https://user:pa55@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6%2D7xxx"
                .to_owned(),
        );
        for said in ["bad key 693a91f6-7xxx", "no key=693a91f6%2D7xxx", "user:pa55 is refused"] {
            let answer = serde_json::json!({ "errcode": 93000, "errmsg": said }).to_string();
            let shown = judge(answer.as_bytes(), &address).unwrap_err().to_string();
            assert!(shown.contains("93000") && shown.contains("***"), "{shown}");
            for secret in ["693a91f6", "pa55"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert!(judge(br#"{"errcode":0,"errmsg":"ok"}"#, &address).is_ok());
    }
}
