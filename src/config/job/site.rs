//! `[site]`: the insurer's own domains, from which its pages may be opened (section 八 of the onboarding document).

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// The insurer's web site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// Domains whose pages may link to the application, such as `app.insurer.example.com` or `*.insurer.example.com`, in
    /// small letters, each once. The domain of `public_url` is one of them without being named.
    pub domains: Vec<String>,
}

/// The keys of `[site]`.
pub(super) static KEYS: &[Key] = &[key(
    "site",
    "domains",
    ValueType::List(&ValueType::String),
    "域名列表，如 [\"app.insurer.example.com\", \"*.insurer.example.com\"]",
    "a list of domains such as [\"app.insurer.example.com\", \"*.insurer.example.com\"]",
)
.required()];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 防盗链（第八节）：只允许从这些域名的页面进入应用；public_url 的域名始终允许。orgsnap wecom nginx 据此输出 nginx 配置。
# The referer check (section 八): the application opens from pages of these domains only, and always from that of public_url.
# orgsnap wecom nginx prints the lines for nginx.
[site]
domains = ["*.insurer.example.com"]

"##;

/// `[site]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) domains: Option<Vec<Text>>,
}

impl Resolver<'_> {
    /// The insurer's web site.
    pub(super) fn site(&self, written: Option<Spanned<Written>>) -> Result<Site, ConfigError> {
        let Some(written) = written else { return Ok(Site::default()) };
        let table = written.span();
        let domains = written.into_inner().domains;
        let domains = self.document.required("site", "domains", domains, Some(&table))?;
        let mut site = Site::default();
        for domain in domains {
            let domain = self.document.checked("site", "domains", domain, domain_name)?;
            if !site.domains.contains(&domain) {
                site.domains.push(domain);
            }
        }
        Ok(site)
    }
}

/// A domain name in small letters, with `*.` in front for all below it. No address, port or path: nginx compares names.
fn domain_name(text: &str) -> Option<String> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = name.len() <= 253 && name.contains('.') && name.split('.').all(is_label);
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_names_and_not_addresses() {
        for (text, expected) in [
            ("app.insurer.example.com", Some("app.insurer.example.com")),
            ("*.Insurer.example.com", Some("*.insurer.example.com")),
            ("xn--fiqs8s.example.com", Some("xn--fiqs8s.example.com")),
            ("https://app.example.com", None),
            ("app.example.com/", None),
            ("app.example.com:443", None),
            ("*", None),
            ("*.", None),
            ("localhost", None),
            ("a..b", None),
            ("-a.example.com", None),
            ("app.*.example.com", None),
            ("保险.example.com", None),
            ("a.example.com;}", None),
        ] {
            assert_eq!(domain_name(text).as_deref(), expected, "{text}");
        }
    }
}
