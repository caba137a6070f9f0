//! `[store]`: where snapshots are stored, if not in a file of the data folder.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::secret::{self, Secret, SecretFrom, SecretSource};
use super::value_type::ValueType;

/// A database server in place of the file of the tenant.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Its URL, which may hold a password.
    pub url: SecretSource,
}

impl StoreSettings {
    /// That of a URL which the command line gives.
    pub fn of_url(url: String, job: &Path) -> StoreSettings {
        let place = ConfigError {
            file: job.to_path_buf(),
            line: None,
            column: None,
            section: "store".to_owned(),
            key: Some("url".to_owned()),
            problem: Box::new(Problem::MissingKey),
            expected: None,
        };
        StoreSettings { url: SecretSource { from: SecretFrom::Literal(Secret::new(url)), place } }
    }
}

/// The keys of `[store]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "store",
        "url",
        ValueType::SECRET,
        "{ env = \"变量名\" } 或 { file = \"路径\" }",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" }",
    )
    .required()
    .secret(),
    key("store.url", "env", ValueType::String, "环境变量名", "the name of an environment variable"),
    key("store.url", "file", ValueType::String, "一个文件的路径", "the path of a file"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 快照存入 PostgreSQL 服务器，而不是数据目录中的 org.db（需用 --features postgres 构建）；地址形如 postgresql://USER:PASSWORD@HOST/DATABASE，
# 默认须使用 TLS 并校验证书，不加密须写明 ?sslmode=disable
# Snapshots go to a PostgreSQL server in place of org.db in the data folder (built with --features postgres). The URL is like
# postgresql://USER:PASSWORD@HOST/DATABASE; TLS with a checked certificate is required unless it says ?sslmode=disable
[store]
url = { env = "ORGSNAP_STORE" }
# url = { file = "/run/credentials/orgsnap.service/secrets_store-url" }

"##;

/// `[store]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) url: Option<Spanned<secret::Written>>,
}

impl Resolver<'_> {
    /// Where snapshots are stored, if not in a file.
    pub(super) fn store(
        &self,
        written: Option<Spanned<Written>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Option<StoreSettings>, ConfigError> {
        let Some(written) = written else { return Ok(None) };
        let span = written.span();
        let url = self.document.required("store", "url", written.into_inner().url, Some(&span))?;
        let what = Message::fixed(
            "存储地址（可能含密码）",
            "the address of the store, maybe with its password,",
        );
        Ok(Some(StoreSettings { url: self.secret("store", "url", url, Some(&what), warnings)? }))
    }
}
