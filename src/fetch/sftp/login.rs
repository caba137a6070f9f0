//! Logging in: by key, by password, or by answering the one question that is the password.

use std::path::Path;
use std::sync::Arc;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};

use crate::config::job::Secret;
use crate::model::{Message, system_reason};

use super::super::FetchError;
use super::host_key_verifier::HostKeyVerifier;

/// What an account proves itself with. The key is tried first; the password where the server asks
/// for it besides, or instead.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: Option<Secret>,
    pub(super) key: Option<Arc<PrivateKey>>,
    /// An RSA key may sign over SHA-1 where the server takes nothing better.
    pub(super) rsa_sha1: bool,
}

/// Why there is no login.
#[derive(Debug)]
pub(super) enum NoLogin {
    /// The server does not accept what it was shown; in the words of `ssh`.
    Refused(String),
    /// The job has nothing of what the server takes: the names of its methods.
    NoUsableMethod(String),
    /// The connection broke before anything was shown.
    Broken(russh::Error),
}

/// Logs in. Nothing is shown twice in the same way: a few refused logins lock an account.
pub(super) async fn login(
    handle: &mut Handle<HostKeyVerifier>,
    credentials: &Credentials,
) -> Result<(), NoLogin> {
    // This asks what the server takes, as `ssh` does; servers do not count it as a failed login.
    let mut takes = match handle.authenticate_none(&credentials.username).await {
        Ok(AuthResult::Success) => return Ok(()),
        Ok(AuthResult::Failure { .. }) if handle.is_closed() => {
            return Err(NoLogin::Broken(russh::Error::Disconnect));
        }
        Ok(AuthResult::Failure { remaining_methods, .. }) => remaining_methods,
        Err(error) => return Err(NoLogin::Broken(error)),
    };
    let mut shown = false;
    if let Some(key) = &credentials.key
        && takes.contains(&MethodKind::PublicKey)
    {
        shown = true;
        match by_key(handle, credentials, key).await? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => takes = remaining_methods,
        }
    }
    if let Some(password) = &credentials.password {
        if takes.contains(&MethodKind::Password) {
            return by_password(handle, &credentials.username, password).await;
        }
        if takes.contains(&MethodKind::KeyboardInteractive) {
            return by_question(handle, &credentials.username, password).await;
        }
    }
    Err(if shown { refused(&takes) } else { NoLogin::NoUsableMethod(names(&takes)) })
}

async fn by_key(
    handle: &mut Handle<HostKeyVerifier>,
    credentials: &Credentials,
    key: &Arc<PrivateKey>,
) -> Result<AuthResult, NoLogin> {
    let hash = if key.algorithm().is_rsa() {
        // A server that does not say what it takes is asked for SHA-2; SHA-1 can be forged.
        match handle.best_supported_rsa_hash().await.map_err(NoLogin::Broken)? {
            Some(None) | None if credentials.rsa_sha1 => None,
            Some(None) => return Err(NoLogin::NoUsableMethod("ssh-rsa (SHA-1)".to_owned())),
            Some(hash) => hash,
            None => Some(HashAlg::Sha256),
        }
    } else {
        None
    };
    let mut show = async |hash| {
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        answered(handle.authenticate_publickey(&credentials.username, key).await)
    };
    match show(hash).await? {
        // Some servers say that they know SHA-2 and take it from nobody; the job says what they take.
        AuthResult::Failure { remaining_methods, .. }
            if credentials.rsa_sha1
                && hash.is_some()
                && remaining_methods.contains(&MethodKind::PublicKey) =>
        {
            show(None).await
        }
        result => Ok(result),
    }
}

async fn by_password(
    handle: &mut Handle<HostKeyVerifier>,
    username: &str,
    password: &Secret,
) -> Result<(), NoLogin> {
    match answered(handle.authenticate_password(username, password.expose()).await)? {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { remaining_methods, .. } => Err(refused(&remaining_methods)),
    }
}

/// Many servers that take passwords take them only as the answer to a question of their own.
async fn by_question(
    handle: &mut Handle<HostKeyVerifier>,
    username: &str,
    password: &Secret,
) -> Result<(), NoLogin> {
    let start = handle.authenticate_keyboard_interactive_start(username, None).await;
    let mut reply = answered(start)?;
    let mut answered_once = false;
    loop {
        let answers = match reply {
            KeyboardInteractiveAuthResponse::Success => return Ok(()),
            KeyboardInteractiveAuthResponse::Failure { remaining_methods, .. } => {
                return Err(refused(&remaining_methods));
            }
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => match &prompts[..] {
                [] => Vec::new(),
                [_] if !answered_once => {
                    answered_once = true;
                    vec![password.expose().to_owned()]
                }
                // A second question is about a code, or a new password: nothing to answer here.
                prompts => {
                    let questions: Vec<&str> = prompts.iter().map(|p| p.prompt.trim()).collect();
                    return Err(NoLogin::Refused(questions.join(" / ")));
                }
            },
        };
        reply = answered(handle.authenticate_keyboard_interactive_respond(answers).await)?;
    }
}

/// A server that disconnects after receiving credentials has refused them: trying again could lock the
/// account.
fn answered<T>(reply: Result<T, russh::Error>) -> Result<T, NoLogin> {
    reply.map_err(|_| NoLogin::Refused("Connection closed".to_owned()))
}

fn refused(takes: &MethodSet) -> NoLogin {
    NoLogin::Refused(match names(takes).as_str() {
        "" => "Permission denied".to_owned(),
        names => format!("Permission denied ({names})"),
    })
}

fn names(methods: &MethodSet) -> String {
    let names: Vec<&str> = methods.iter().map(Into::into).collect();
    names.join(",")
}

/// Reads a private key: OpenSSH's own form, PKCS#1, PKCS#8, or PuTTY's.
pub(super) fn private_key(
    path: &Path,
    passphrase: Option<&Secret>,
) -> Result<PrivateKey, FetchError> {
    let place = path.display();
    let unusable = |zh: String, en: String| FetchError::PrivateKey { reason: Message::new(zh, en) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let Message { zh, en } = system_reason(&error);
        unusable(format!("无法读取 {place}：{zh}"), format!("{place} cannot be read: {en}"))
    })?;
    russh::keys::decode_secret_key(&text, passphrase.map(Secret::expose)).map_err(|error| {
        match (error, passphrase) {
            (russh::keys::Error::KeyIsEncrypted, None) => unusable(
                format!("{place} 有口令保护，但任务文件未设置 key_passphrase"),
                format!("{place} is locked by a passphrase, and the job has no key_passphrase"),
            ),
            (error, None) => unusable(
                format!("{place} 不是可识别的私钥；支持 OpenSSH、PKCS#1、PKCS#8 和 PuTTY 格式"),
                format!("{place} is no private key known here ({error})"),
            ),
            (error, Some(_)) => unusable(
                format!("{place} 不是可识别的私钥，或口令错误"),
                format!(
                    "{place} is no private key known here, or not of this passphrase ({error})"
                ),
            ),
        }
    })
}
