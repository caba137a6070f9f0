//! Whether an official account is in use already, as far as can be seen from outside: the onboarding document wants one of
//! its own, because a platform overwrites menu and replies of the account that it is given.

use serde::Deserialize;
use serde_json::json;

use crate::config::job::{AccountKind, Secret};
use crate::model::Message;

use super::call::Call;
use super::client::{Client, usual_lifetime};
use super::error::ApiError;
use super::error_codes::{Explanation, Responsible};
use super::not_empty::not_empty;
use super::null::null_as_default;

/// A sign that an account is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountUse {
    /// Somebody fetched a stable token within the last two hours: another platform, or an earlier check.
    Token {
        /// Minutes since.
        minutes: u64,
    },
    /// Its menu is open.
    Menu,
    /// It answers by itself.
    AutomaticReply,
}

#[derive(Deserialize)]
struct StableTokenAnswer {
    #[serde(deserialize_with = "not_empty")]
    access_token: String,
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

#[derive(Deserialize)]
struct MenuAnswer {
    #[serde(default, deserialize_with = "null_as_default")]
    is_menu_open: u8,
}

#[derive(Deserialize)]
struct AutomaticReplyAnswer {
    #[serde(default, deserialize_with = "null_as_default")]
    is_add_friend_reply_open: u8,
    #[serde(default, deserialize_with = "null_as_default")]
    is_autoreply_open: u8,
}

/// Codes of an account that lacks the permission for a call, so that nothing is seen by it.
const NO_PERMISSION: [i64; 2] = [48001, 50001];

impl Client {
    /// The signs of use of an account. It only reads; a mini program has neither menu nor replies.
    ///
    /// # Errors
    /// Why a call failed; that an account lacks a permission is no error.
    pub async fn account_uses(
        &self,
        kind: AccountKind,
        app_id: &str,
        secret: &Secret,
    ) -> Result<Vec<AccountUse>, ApiError> {
        let body = stable_token_body(app_id, secret);
        let token: StableTokenAnswer = self
            .call_without_token(Call::StableToken, &[], Some(&body), &[secret.expose()])
            .await?;
        let mut uses = Vec::new();
        // Seconds of a round trip are no sign.
        let minutes = usual_lifetime().saturating_sub(token.expires_in) / 60;
        if minutes > 0 {
            uses.push(AccountUse::Token { minutes });
        }
        if kind == AccountKind::MiniProgram {
            return Ok(uses);
        }
        let token = [("access_token", token.access_token.as_str())];
        let sensitive = [token[0].1];
        let menu: Option<MenuAnswer> =
            permitted(self.call_without_token(Call::MenuInfo, &token, None, &sensitive).await)?;
        if menu.is_some_and(|menu| menu.is_menu_open != 0) {
            uses.push(AccountUse::Menu);
        }
        let reply: Option<AutomaticReplyAnswer> = permitted(
            self.call_without_token(Call::AutomaticReplyInfo, &token, None, &sensitive).await,
        )?;
        if reply.is_some_and(|r| r.is_add_friend_reply_open != 0 || r.is_autoreply_open != 0) {
            uses.push(AccountUse::AutomaticReply);
        }
        Ok(uses)
    }
}

/// What is posted to `stable_token`. It is never forced: that would invalidate the token that a running account uses.
pub(super) fn stable_token_body(app_id: &str, secret: &Secret) -> serde_json::Value {
    json!({
        "grant_type": "client_credential",
        "appid": app_id,
        "secret": secret.expose(),
        "force_refresh": false,
    })
}

fn permitted<T>(outcome: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(|code| NO_PERMISSION.contains(&code)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl AccountUse {
    /// A stable name, for documents.
    pub fn name(self) -> &'static str {
        match self {
            AccountUse::Token { .. } => "token",
            AccountUse::Menu => "menu",
            AccountUse::AutomaticReply => "automatic-reply",
        }
    }

    /// What was seen, what to do, and who does it.
    pub fn explanation(self) -> Explanation {
        let what = match self {
            AccountUse::Token { minutes } => Message::new(
                format!("{minutes} 分钟前已有程序获取过该账号的 token（其他平台，或此前的检查）"),
                format!(
                    "a token of the account was fetched {minutes} minutes ago, by another platform or an earlier check"
                ),
            ),
            AccountUse::Menu => {
                Message::fixed("该公众号已启用自定义菜单", "the account's menu is open")
            }
            AccountUse::AutomaticReply => {
                Message::fixed("该公众号已启用自动回复", "the account answers by itself")
            }
        };
        let action = Message::fixed(
            "若不是集牛所配置，说明该账号已上线使用：请换用独立的账号，否则其配置会被覆盖",
            "unless the vendor has set it up, the account is in use: take one of its own, or its settings are overwritten",
        );
        Explanation { what, action, responsible: Responsible::Insurer }
    }
}
