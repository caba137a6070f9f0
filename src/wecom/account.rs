//! What it takes to receive an application's callbacks, out of the job file.

use std::path::Path;

use crate::config::job::{CallbackSecrets, ConfigError};
use crate::model::Message;
use crate::wecom::crypto::{CredentialFault, Credentials};
use crate::wecom::receive::Account;

/// Why an application's callbacks cannot be received.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// The token or the key cannot be had.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the variable or the file holds is no token or no key.
    #[error(transparent)]
    Form(#[from] CredentialFault),
}

impl AccountError {
    /// What happened, where (`line` of the application's table in the job file), and what to do.
    pub fn message(&self, job: &Path, line: usize) -> Message {
        match self {
            AccountError::Config(error) => error.message(),
            AccountError::Form(fault) => {
                let zh = match fault {
                    CredentialFault::Token => "token 应为 1 到 32 位字母和数字",
                    CredentialFault::AesKey => "aes_key（EncodingAESKey）应为 43 位字母和数字",
                };
                let place = job.display();
                Message::new(
                    format!("{place}:{line}: [[wecom_app]] 的 {zh}；请从企业微信页面重新复制"),
                    format!(
                        "{place}:{line}: of this [[wecom_app]], {fault}; copy it from WeCom's page again"
                    ),
                )
            }
        }
    }
}

/// Looks the secrets up.
///
/// # Errors
/// If one of them is not there, or is not what it should be.
pub fn account(corp_id: &str, secrets: &CallbackSecrets) -> Result<Account, AccountError> {
    let token = secrets.token.reveal()?;
    let key = secrets.aes_key.reveal()?;
    let credentials = Credentials::new(token.expose(), key.expose())?;
    let mut receive_ids = vec![corp_id.to_owned()];
    receive_ids.extend(secrets.receive_ids.iter().cloned());
    Ok(Account { credentials, receive_ids })
}
