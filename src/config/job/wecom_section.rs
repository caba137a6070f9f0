//! Resolves all keys and sections about WeCom.

use toml::Spanned;

use crate::model::Message;

use super::error::ConfigError;
use super::resolver::Resolver;
use super::values::Text;
use super::wecom::{DomainVerification, Wecom, WecomApp, is_id};
use super::{domain_verification, wecom_app, wecom_table};

impl Resolver<'_> {
    pub(super) fn wecom(
        &self,
        corp_id: Option<Text>,
        public_url: Option<Text>,
        apps: Vec<Spanned<wecom_app::Written>>,
        files: Vec<Spanned<domain_verification::Written>>,
        services: wecom_table::Written,
        warnings: &mut Vec<Message>,
    ) -> Result<Wecom, ConfigError> {
        let corp_id = match (corp_id, apps.first()) {
            (None, None) => None,
            (None, Some(app)) => {
                Some(self.document.required("", "corp_id", None, Some(&app.span()))?)
            }
            (Some(id), _) => Some(self.document.checked("", "corp_id", id, |id| {
                is_id(id).then(|| id.to_owned()).filter(|id| !id.is_empty())
            })?),
        };
        let public_url = public_url
            .map(|url| self.document.checked("", "public_url", url, base_url))
            .transpose()?;
        let mut resolved: Vec<WecomApp> = Vec::with_capacity(apps.len());
        for app in apps {
            let app = self.wecom_app(app, &resolved, warnings)?;
            resolved.push(app);
        }
        let mut domain_verification: Vec<DomainVerification> = Vec::with_capacity(files.len());
        for file in files {
            let file = self.domain_verification(file, &domain_verification)?;
            domain_verification.push(file);
        }
        let archive = services
            .archive
            .map(|archive| self.wecom_archive(archive, corp_id.as_deref(), warnings))
            .transpose()?;
        Ok(Wecom { corp_id, public_url, apps: resolved, domain_verification, archive })
    }
}

/// An address that paths can be appended to.
fn base_url(text: &str) -> Option<String> {
    let base = text.trim_end_matches('/');
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"))?;
    let plain = |c: char| c.is_ascii_graphic() && !"?#@\"<>\\^`{|}".contains(c);
    (rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && rest.chars().all(plain))
        .then(|| base.to_owned())
}
