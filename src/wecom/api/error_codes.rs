//! The error codes that the documents of both platforms name, in words: what happened, what to do, who does it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::Message;

use super::call::Platform;

/// Who can put a fault right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Responsible {
    /// The insurer, in the administration of WeCom or of the account.
    Insurer,
    /// The vendor, in the job file or on the machine.
    Vendor,
}

impl Responsible {
    /// `保险公司` or `集牛`.
    pub fn title(self) -> Message {
        match self {
            Responsible::Insurer => Message::fixed("保险公司", "the insurer"),
            Responsible::Vendor => Message::fixed("集牛", "the vendor"),
        }
    }
}

/// A fault in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub what: Message,
    /// What to do about it.
    pub action: Message,
    /// Who does it.
    pub responsible: Responsible,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    wecom: BTreeMap<String, Entry>,
    accounts: BTreeMap<String, Entry>,
}

/// A code: what happened, and what to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    zh: String,
    en: String,
    action_zh: String,
    action_en: String,
    who: Responsible,
}

/// The tables; `None` if they are malformed, which a test excludes.
static TABLES: LazyLock<Option<Tables>> =
    LazyLock::new(|| toml::from_str(include_str!("error_codes.toml")).ok());

/// A code in words. `said` is the server's own text, `ip` the caller's address in it.
pub(super) fn explanation(
    platform: Platform,
    code: i64,
    said: &str,
    ip: Option<&str>,
) -> Explanation {
    let table = TABLES.as_ref().map(|tables| match platform {
        Platform::Wecom => &tables.wecom,
        Platform::Accounts => &tables.accounts,
    });
    match table.and_then(|table| table.get(&code.to_string())) {
        Some(entry) => {
            let with = |text: &str, unknown: &str| text.replace("{ip}", ip.unwrap_or(unknown));
            Explanation {
                what: Message::new(
                    format!("错误 {code}：{}", with(&entry.zh, "（未给出）")),
                    format!("error {code}: {}", with(&entry.en, "(not told)")),
                ),
                action: Message::new(
                    with(&entry.action_zh, "本机的公网 IP"),
                    with(&entry.action_en, "the public IP of this machine"),
                ),
                responsible: entry.who,
            }
        }
        None => Explanation {
            what: Message::new(
                format!("错误 {code}：“{said}”"),
                format!("error {code}: \"{said}\""),
            ),
            action: Message::new(
                format!("在企业微信或微信公众平台的开发者文档中查找错误码 {code}"),
                format!(
                    "look the error code {code} up in the developer documents of WeCom or WeChat"
                ),
            ),
            responsible: Responsible::Vendor,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `wecom.md` and the calls that are made name.
    const NAMED: [i64; 34] = [
        -1, 40001, 40013, 40014, 40029, 40056, 40057, 40078, 40091, 41001, 41002, 41004, 42001,
        45009, 45033, 48002, 50001, 50003, 60003, 60004, 60005, 60006, 60008, 60011, 60020, 60102,
        60103, 60104, 60105, 60106, 60111, 60123, 60124, 301002,
    ];

    #[test]
    fn every_documented_code_says_in_both_languages_what_happened_and_what_to_do() {
        let tables = TABLES.as_ref().expect("error_codes.toml is well-formed");
        for (code, entry) in tables.wecom.iter().chain(&tables.accounts) {
            code.parse::<i64>().unwrap();
            let texts = [&entry.zh, &entry.en, &entry.action_zh, &entry.action_en];
            assert!(texts.iter().all(|text| text.chars().count() > 2), "{code}");
            let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(han(&entry.zh) && han(&entry.action_zh), "{code}");
            // The names of WeCom's pages are Chinese in English too.
            let latin = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
            assert!(!han(&entry.en) && latin(&entry.action_en), "{code}");
        }
        for code in NAMED {
            assert!(tables.wecom.contains_key(&code.to_string()), "{code} is not explained");
        }
        for code in [-1, 40001, 40013, 40125, 40164, 41004, 45009, 45011] {
            assert!(tables.accounts.contains_key(&code.to_string()), "{code} is not explained");
        }
    }

    #[test]
    fn a_refused_address_is_told_with_the_ip_to_allow() {
        for (platform, code) in [(Platform::Wecom, 60020), (Platform::Accounts, 40164)] {
            let told = explanation(platform, code, "from ip: 203.0.113.7", Some("203.0.113.7"));
            assert!(
                told.action.zh.contains("203.0.113.7") && told.action.en.contains("203.0.113.7")
            );
            assert_eq!(told.responsible, Responsible::Insurer);
            let told = explanation(platform, code, "", None);
            assert!(told.action.zh.contains("公网 IP") && !told.what.en.contains('{'));
        }
    }

    #[test]
    fn an_unknown_code_is_told_in_the_servers_words() {
        let told = explanation(Platform::Wecom, 99_999, "something new", None);
        assert!(told.what.zh.contains("99999") && told.what.zh.contains("something new"));
    }
}
