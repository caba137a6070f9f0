//! `[source] algorithms`: old algorithms that an SFTP server needs, by the names that OpenSSH has for them.

use toml::Spanned;

use crate::model::Message;

use super::error::ConfigError;
use super::resolver::Resolver;
use super::values::Text;

/// Algorithms that are off unless a job names them, with the plus of OpenSSH: they rest on SHA-1 or CBC, or on groups that are too small.
pub const OLD: &[&str] = &[
    "+diffie-hellman-group14-sha1",
    "+diffie-hellman-group-exchange-sha1",
    "+diffie-hellman-group1-sha1",
    "+ssh-rsa",
    "+aes128-cbc",
    "+aes192-cbc",
    "+aes256-cbc",
    "+hmac-sha1",
    "+hmac-sha1-etm@openssh.com",
];

impl Resolver<'_> {
    /// The names without their plus, and a warning about each.
    pub(super) fn algorithms(
        &self,
        written: Option<Spanned<Vec<Text>>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Vec<String>, ConfigError> {
        let Some(written) = written else { return Ok(Vec::new()) };
        let line = self.document.position(written.span().start).0;
        let mut names = Vec::new();
        for name in written.into_inner() {
            let known = OLD.contains(&name.get_ref().as_str());
            let Some(bare) = name.get_ref().strip_prefix('+').filter(|_| known) else {
                return Err(self.document.invalid_value("source", "algorithms", name.span()));
            };
            names.push(bare.to_owned());
        }
        if !names.is_empty() {
            let (file, list) = (self.document.path.display(), names.join(", "));
            warnings.push(Message::new(
                format!("{file}:{line}: 允许了不安全的旧算法 {list}，连接可能被窃听或篡改；请提供方升级 SSH 服务后删除 algorithms"),
                format!(
                    "{file}:{line}: old algorithms are allowed that are no longer safe ({list}): others may read or change \
                     what travels; ask for a newer SSH server, then take algorithms out"
                ),
            ));
        }
        Ok(names)
    }
}
