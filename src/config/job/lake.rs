//! `[lake]`: where published snapshots are exported to as Parquet files.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::secret::{self, SecretSource};
use super::value_type::ValueType;
use super::values::Text;

/// Where published snapshots are exported to.
#[derive(Debug, Clone)]
pub struct LakeSettings {
    /// Its place, which many tenants share.
    pub place: LakePlace,
    /// How a bucket is reached.
    pub s3: S3Settings,
}

/// The place of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LakePlace {
    /// A folder.
    Folder(PathBuf),
    /// A bucket of an S3-compatible storage.
    Bucket {
        /// Its name.
        name: String,
        /// What the names of its objects begin with; empty for none.
        prefix: String,
    },
}

impl LakePlace {
    /// `s3://bucket/prefix`, or the path of a folder; none if it is neither.
    pub fn parse(text: &str) -> Option<LakePlace> {
        let Some(rest) = text.strip_prefix("s3://") else {
            let is_path = !text.is_empty() && !text.contains("://");
            return is_path.then(|| LakePlace::Folder(PathBuf::from(text)));
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = (3..=63).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        let prefix = prefix.trim_end_matches('/');
        let is_prefix = !prefix.contains(char::is_control) && !prefix.split('/').any(|p| p == "..");
        (is_name && is_prefix)
            .then(|| LakePlace::Bucket { name: name.to_owned(), prefix: prefix.to_owned() })
    }

    /// The same, a folder seen from another one.
    fn seen_from(self, folder: &Path) -> LakePlace {
        match self {
            LakePlace::Folder(path) => LakePlace::Folder(folder.join(path)),
            bucket @ LakePlace::Bucket { .. } => bucket,
        }
    }
}

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// The address of the service; by default that of AWS in the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket is a part of the server's name, and not of the path.
    pub virtual_hosted: bool,
    /// The id of the key.
    pub access_key: Option<SecretSource>,
    /// The key.
    pub secret_key: Option<SecretSource>,
}

impl S3Settings {
    /// The region unless the job says otherwise.
    pub const REGION: &str = "us-east-1";
}

const S3: &str = "lake.s3";
const SECRET_ZH: &str = "{ env = \"变量名\" } 或 { file = \"路径\" }";
const SECRET_EN: &str = "{ env = \"VARIABLE\" } or { file = \"PATH\" }";

/// The keys of `[lake]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "lake",
        "path",
        ValueType::String,
        "一个目录的路径，或 \"s3://桶/前缀\"",
        "the path of a folder, or \"s3://bucket/prefix\"",
    )
    .required(),
    key("lake", "s3", ValueType::Table, "一个 [lake.s3] 表", "a [lake.s3] table"),
];

/// The keys of `[lake.s3]`.
pub(super) static S3_KEYS: &[Key] = &[
    key(
        S3,
        "endpoint",
        ValueType::String,
        "服务地址，如 \"https://oss-cn-shanghai.aliyuncs.com\"",
        "the address of the service, such as \"https://minio.example.com:9000\"",
    ),
    key(
        S3,
        "region",
        ValueType::String,
        "地域，如 \"cn-north-1\"",
        "a region such as \"cn-north-1\"",
    )
    .default(r#""us-east-1""#),
    key(S3, "virtual_hosted", ValueType::Boolean, "true 或 false", "true or false")
        .default("false"),
    key(S3, "access_key", ValueType::SECRET, SECRET_ZH, SECRET_EN).secret(),
    key(
        "lake.s3.access_key",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("lake.s3.access_key", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key(S3, "secret_key", ValueType::SECRET, SECRET_ZH, SECRET_EN).secret(),
    key(
        "lake.s3.secret_key",
        "env",
        ValueType::String,
        "环境变量名",
        "the name of an environment variable",
    ),
    key("lake.s3.secret_key", "file", ValueType::String, "一个文件的路径", "the path of a file"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 数据湖：每次发布后把快照导出为 Parquet 文件，供 Spark、DuckDB 等跨租户查询（docs/lake.zh-CN.md）；导出失败只给出警告，不影响发布，
# 由下一次导出补齐。需要以 --features lake 构建的版本，存储桶需要 --features lake-s3。
# The lake: after each publication the snapshot is exported as Parquet files, for Spark, DuckDB and others over all tenants
# (docs/lake.md). A failed export warns, never changes a publication, and is made up for by the next one. Needs a build with
# --features lake, or lake-s3 for a bucket.
[lake]
# 数据湖的目录或存储桶，可由多个租户共用 / The folder or bucket of the lake, which many tenants may share
path = "/srv/lake"
# path = "s3://orgsnap/lake"

"##;

/// The part of `jobs/example.toml.sample` that shows how a bucket is reached.
pub(super) const S3_SAMPLE: &str = r##"# path 为存储桶时如何访问（兼容 S3 的存储：MinIO、Ceph、阿里云 OSS、腾讯云 COS、AWS）
# How a bucket is reached (storage that is compatible with S3: MinIO, Ceph, OSS, COS, AWS)
[lake.s3]
# 服务地址；默认为 AWS 在该地域的地址 / The address of the service; by default that of AWS in the region
endpoint = "https://minio.example.com:9000"
region = "us-east-1"
# 桶名是否在域名中（OSS、COS 需要），默认在路径中 / Whether the bucket is a part of the server's name (OSS, COS); by default of the path
virtual_hosted = false
access_key = { env = "LAKE_ACCESS_KEY" }
# access_key = { file = "/run/credentials/orgsnap.service/secrets_lake-access-key" }
secret_key = { env = "LAKE_SECRET_KEY" }
# secret_key = { file = "/run/credentials/orgsnap.service/secrets_lake-secret-key" }

"##;

/// `[lake]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) path: Option<Text>,
    pub(super) s3: Option<WrittenS3>,
}

/// `[lake.s3]` as written.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenS3 {
    pub(super) endpoint: Option<Text>,
    pub(super) region: Option<Text>,
    pub(super) virtual_hosted: Option<bool>,
    pub(super) access_key: Option<Spanned<secret::Written>>,
    pub(super) secret_key: Option<Spanned<secret::Written>>,
}

impl Resolver<'_> {
    /// Where published snapshots are exported to.
    pub(super) fn lake(
        &self,
        written: Spanned<Written>,
        warnings: &mut Vec<Message>,
    ) -> Result<LakeSettings, ConfigError> {
        let table = written.span();
        let Written { path, s3 } = written.into_inner();
        let path = self.document.required("lake", "path", path, Some(&table))?;
        let place = self.document.checked("lake", "path", path, LakePlace::parse)?;
        let s3 = self.lake_s3(s3.unwrap_or_default(), warnings)?;
        Ok(LakeSettings { place: place.seen_from(self.document.folder()), s3 })
    }

    fn lake_s3(
        &self,
        written: WrittenS3,
        warnings: &mut Vec<Message>,
    ) -> Result<S3Settings, ConfigError> {
        let WrittenS3 { endpoint, region, virtual_hosted, access_key, secret_key } = written;
        let text = |name: &str, text: Option<Text>, fits: fn(&str) -> bool| {
            let checked = |text| {
                self.document.checked(S3, name, text, |text| fits(text).then(|| text.to_owned()))
            };
            text.map(checked).transpose()
        };
        let is_address = |text: &str| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains([' ', '?', '#', '@']))
        };
        let endpoint = text("endpoint", endpoint, is_address)?;
        let is_region = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let region = text("region", region, is_region)?;
        let mut secret = |name: &str, written: Option<Spanned<secret::Written>>, zh, en| {
            let what = Message::fixed(zh, en);
            written.map(|w| self.secret(S3, name, w, Some(&what), warnings)).transpose()
        };
        Ok(S3Settings {
            endpoint,
            region: region.unwrap_or_else(|| S3Settings::REGION.to_owned()),
            virtual_hosted: virtual_hosted.unwrap_or_default(),
            access_key: secret(
                "access_key",
                access_key,
                "存储桶的 AccessKey ID ",
                "the bucket's access key",
            )?,
            secret_key: secret(
                "secret_key",
                secret_key,
                "存储桶的 AccessKey Secret ",
                "the bucket's secret key",
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_a_lake_is_a_folder_or_a_bucket() {
        let bucket = |name: &str, prefix: &str| {
            Some(LakePlace::Bucket { name: name.to_owned(), prefix: prefix.to_owned() })
        };
        assert_eq!(LakePlace::parse("../lake"), Some(LakePlace::Folder("../lake".into())));
        assert_eq!(LakePlace::parse("s3://orgsnap"), bucket("orgsnap", ""));
        assert_eq!(LakePlace::parse("s3://orgsnap/a/b/"), bucket("orgsnap", "a/b"));
        for text in ["", "s3://", "s3://UPPER/x", "s3://orgsnap/../x", "oss://orgsnap/x"] {
            assert_eq!(LakePlace::parse(text), None, "{text}");
        }
    }
}
