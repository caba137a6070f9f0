//! `[source]`: where deliveries come from.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::dated_path::DatedPath;
use super::error::ConfigError;
use super::key::{Key, key};
use super::resolver::Resolver;
use super::source::{Ready, Source};
use super::value_type::ValueType;
use super::values::Text;
use super::{algorithms, ready, secret, tls};

const KINDS: &[&str] = &["dir", "ftp", "ftps", "ftps-implicit", "sftp"];
const SERVERS: &[&str] = &["ftp", "ftps", "ftps-implicit", "sftp"];
const FTP: &[&str] = &["ftp", "ftps", "ftps-implicit"];
const SFTP: &[&str] = &["sftp"];

/// The keys of `[source]` and of the tables of its secrets.
pub(super) static KEYS: &[Key] = &[
    key("source", "kind", ValueType::Enumeration(KINDS), "\"dir\"、\"ftp\"、\"ftps\"、\"ftps-implicit\" 或 \"sftp\"", "\"dir\", \"ftp\", \"ftps\", \"ftps-implicit\" or \"sftp\"").required(),
    key("source", "host", ValueType::String, "服务器的名称或地址", "the server's name or address").for_kinds(SERVERS).required_with(SERVERS),
    key("source", "port", ValueType::Integer { min: 1, max: 65_535 }, "1 到 65535 的整数", "a whole number from 1 to 65535").for_kinds(SERVERS),
    key("source", "path", ValueType::String, "一个目录，可含 {date:%Y%m%d}", "a directory, which may hold {date:%Y%m%d}").required_with(&["dir"]),
    key("source", "username", ValueType::String, "登录名（单行文本）", "a login name (one line of text)").for_kinds(SERVERS).required_with(SERVERS),
    key("source", "password", ValueType::SECRET, "{ env = \"变量名\" } 或 { file = \"路径\" }", "{ env = \"VARIABLE\" } or { file = \"PATH\" }").for_kinds(SERVERS).required_with(FTP).secret(),
    key("source.password", "env", ValueType::String, "环境变量名", "the name of an environment variable"),
    key("source.password", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key("source", "tls", ValueType::Table, "{ pin_sha256 = \"...\" } 或 { ca = \"ca.pem\" }", "{ pin_sha256 = \"...\" } or { ca = \"ca.pem\" }").for_kinds(FTP),
    key("source", "ready", ValueType::AnyOf(&[ValueType::Enumeration(&["now"]), ValueType::Table]), "\"now\"、{ stable = \"30s\" } 或 { marker = \"done.ok\" }", "\"now\", { stable = \"30s\" } or { marker = \"done.ok\" }"),
    key("source", "timeout", ValueType::Duration, "时长，如 \"60s\"", "a duration such as \"60s\"").default(r#""60s""#).for_kinds(SERVERS),
    key("source", "attempts", ValueType::Integer { min: 1, max: 100 }, "1 到 100 的整数", "a whole number from 1 to 100").default("5").for_kinds(SERVERS),
    key("source", "retry_wait", ValueType::Duration, "时长，如 \"5s\"", "a duration such as \"5s\"").default(r#""5s""#).for_kinds(SERVERS),
    key("source", "deadline", ValueType::Duration, "时长，如 \"30m\"", "a duration such as \"30m\"").default(r#""30m""#),
    key("source", "bandwidth", ValueType::Size, "每秒字节数，如 \"10MiB\"", "bytes a second, such as \"10MiB\"").for_kinds(SERVERS),
    key("source", "connections", ValueType::Integer { min: 1, max: 4 }, "1 到 4 的整数", "a whole number from 1 to 4").default("2").for_kinds(SERVERS),
    key("source", "files", ValueType::Table, "{ agent = \"...\", node = \"...\", organ = \"...\", principal = \"...\" }", "{ agent = \"...\", node = \"...\", organ = \"...\", principal = \"...\" }"),
    key("source", "zip", ValueType::String, "一个文件名，可含 {date:%Y%m%d}", "a file name, which may hold {date:%Y%m%d}"),
    key("source", "encoding", ValueType::WordInAnyCase(&["auto", "utf-8", "utf8", "gb18030", "gbk", "gb2312"]), "文件名的编码（FTP 也用于用户名和密码）：\"auto\"、\"utf-8\" 或 \"gbk\"", "the encoding of file names, for FTP of user name and password too: \"auto\", \"utf-8\" or \"gbk\"").default(r#""auto""#).for_kinds(SERVERS),
    key("source", "mode", ValueType::Enumeration(&["passive", "active"]), "\"passive\" 或 \"active\"", "\"passive\" or \"active\"").default(r#""passive""#).for_kinds(FTP),
    key("source", "active_ports", ValueType::String, "端口范围，如 \"40000-40099\"", "a range of ports such as \"40000-40099\"").for_kinds(FTP),
    key("source", "active_address", ValueType::String, "服务器能连到本机的 IP 地址", "the IP address under which the server reaches this machine").for_kinds(FTP),
    key("source", "freshness", ValueType::Duration, "时长，如 \"26h\"", "a duration such as \"26h\""),
    key("source", "key", ValueType::Table, "{ file = \"路径\" }", "{ file = \"PATH\" }").for_kinds(SFTP),
    key("source.key", "file", ValueType::String, "一个文件的路径", "the path of a file").required(),
    key("source", "key_passphrase", ValueType::SECRET, "{ env = \"变量名\" } 或 { file = \"路径\" }", "{ env = \"VARIABLE\" } or { file = \"PATH\" }").for_kinds(SFTP).secret(),
    key("source.key_passphrase", "env", ValueType::String, "环境变量名", "the name of an environment variable"),
    key("source.key_passphrase", "file", ValueType::String, "一个文件的路径", "the path of a file"),
    key("source", "host_key", ValueType::String, "服务器主机密钥的指纹 \"SHA256:...\"（ssh-keygen -lf 所示），或 known_hosts 中的一行", "the fingerprint of the server's key, \"SHA256:...\" as ssh-keygen -lf prints it, or a line of known_hosts").for_kinds(SFTP),
    key("source", "algorithms", ValueType::List(&ValueType::Enumeration(algorithms::OLD)), "旧算法的列表，可用的有 \"+diffie-hellman-group14-sha1\"、\"+diffie-hellman-group-exchange-sha1\"、\"+diffie-hellman-group1-sha1\"、\"+ssh-rsa\"、\"+aes128-cbc\"、\"+aes192-cbc\"、\"+aes256-cbc\"、\"+hmac-sha1\"、\"+hmac-sha1-etm@openssh.com\"", "a list of old algorithms, of which there are \"+diffie-hellman-group14-sha1\", \"+diffie-hellman-group-exchange-sha1\", \"+diffie-hellman-group1-sha1\", \"+ssh-rsa\", \"+aes128-cbc\", \"+aes192-cbc\", \"+aes256-cbc\", \"+hmac-sha1\", \"+hmac-sha1-etm@openssh.com\"").for_kinds(SFTP),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 数据源 / Where the files come from
[source]
# "dir"、"ftp"（不加密）、"ftps"（显式 TLS）、"ftps-implicit"（隐式 TLS）、"sftp"
# "dir", "ftp" (not encrypted), "ftps" (explicit TLS), "ftps-implicit", "sftp"
kind = "ftps"
# kind = "ftps-implicit"
host = "ftp.example.com"
# 默认：ftp 和 ftps 21，ftps-implicit 990，sftp 22 / Default: 21, for ftps-implicit 990, for sftp 22
port = 21
# 目录，可含业务日期（strftime 格式） / The directory, which may hold the business date (strftime)
path = "/export/{date:%Y%m%d}"
username = "jiniu"
# 密码不写在本文件中，从环境变量或单独的文件读取（如 systemd 的 LoadCredential）。
# The password does not stand here: it comes from the environment, or from a file (systemd's LoadCredential).
password = { env = "INSURER_FTP_PASSWORD" }
# password = { file = "/run/credentials/orgsnap.service/secrets_insurer-ftp" }
# 服务器证书的校验：默认使用公共根证书；也可指定私有 CA 或自签名证书，或只信任指定指纹的证书（openssl x509 -noout -fingerprint -sha256 的输出）。
# Whom to trust: the public roots by default; or a private CA or a self-signed certificate; or one, by its SHA-256.
# allow_missing_close_notify：允许服务器关闭 TLS 数据连接时不发送 close_notify；文件大小仍会核对。
# allow_missing_close_notify takes servers that end a TLS data connection without saying so; sizes are still compared.
tls = { ca = "insurer-ca.pem", allow_missing_close_notify = false }
# tls = { pin_sha256 = "c8:27:86:a4:66:3b:01:a9:1c:5e:23:31:9f:aa:34:a2:2b:8d:5c:6c:07:9b:2c:24:9c:d9:b8:e0:60:1f:0a:62" }
# 如何判断文件已到齐：大小和修改时间在指定时长内不变；或标志文件已出现；或不等待（"now"）。
# When a delivery is complete: sizes and times unchanged for so long; or a marker file is there; or at once.
ready = { stable = "30s", polls = 2, min_size = "1B" }
# ready = { marker = "done_{date:%Y%m%d}.ok" }
# ready = "now"
# 服务器上的文件名，与约定不同时填写，可含 {date:...} / Names of the files, where they are not those of the contract
files = { organ = "org_{date:%Y%m%d}.txt", principal = "mgr_{date:%Y%m%d}.txt", node = "team_{date:%Y%m%d}.txt", agent = "agent_{date:%Y%m%d}.txt" }
# 装有四个文件的 zip；目录中只有一个 zip 时不必写。 / The zip file that holds the four; not needed where a folder holds one zip only
zip = "hierarchy_{date:%Y%m%d}.zip"
# 文件名的编码（FTP 也用于用户名和密码）："auto"、"utf-8" 或 "gbk" / The encoding of file names, for FTP of user name and password too
encoding = "auto"
# 数据连接由谁发起：默认 "passive"，或服务器只允许主动模式时 "active"：给出本机开放的端口，NAT 之后再给出对外地址。
# Who opens the data connections: "passive" by default, or "active" where the server allows nothing else: then the ports that are
# open here, and behind a NAT the address seen from outside.
mode = "active"
active_ports = "40000-40099"
active_address = "203.0.113.7"
# 文件修改时间早于此时长即视为过期（F110） / A file that is older is stale (F110)
freshness = "26h"
# 每次网络读写的超时时间 / The time limit of every operation on a socket
timeout = "60s"
# 临时故障的重试次数、首次重试间隔（之后逐次加倍） / Attempts after transient faults; the first wait, doubled each time
attempts = 5
retry_wait = "5s"
# 获取文件的总时限 / The deadline of the whole fetch
deadline = "30m"
# 限速，每秒字节数；默认不限 / A cap in bytes a second; none by default
bandwidth = "10MiB"
# 并发连接数，1 到 4 / Connections side by side, 1 to 4
connections = 2

# SFTP 数据源的写法 / The same with SFTP:
# [source]
# kind = "sftp"
# host = "sftp.example.com"
# path = "/export/{date:%Y%m%d}"
# username = "jiniu"
# 密码或私钥（OpenSSH 格式，口令也可取自 { env = "..." }），可两者都写。
# A password, a private key in OpenSSH's format (its passphrase may come from { env = "..." }, too), or both.
# password = { env = "INSURER_SFTP_PASSWORD" }
# key = { file = "/etc/orgsnap/id_ed25519" }
# key_passphrase = { file = "/run/credentials/orgsnap.service/secrets_insurer-key" }
# 服务器主机密钥的指纹（ssh-keygen -lf 所示） / The fingerprint of the server's key, as ssh-keygen -lf prints it
# host_key = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDGXYcm1gn2cKjhKpo"
# 老服务器需要的旧算法（OpenSSH 的写法）；每次运行都会警告 / Old algorithms that a server needs, as OpenSSH writes them; each run warns
# algorithms = ["+diffie-hellman-group14-sha1", "+ssh-rsa", "+aes128-cbc", "+hmac-sha1"]

# 本机目录数据源的写法 / The same with a folder of this machine:
# [source]
# kind = "dir"
# path = "/srv/deliveries/{date:%Y%m%d}"
# ready = { marker = "done.ok" }

"##;

/// `[source]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) kind: Option<Text>,
    pub(super) host: Option<Text>,
    pub(super) port: Option<Spanned<u16>>,
    pub(super) path: Option<Text>,
    pub(super) username: Option<Text>,
    pub(super) password: Option<Spanned<secret::Written>>,
    pub(super) tls: Option<Spanned<tls::Written>>,
    pub(super) ready: Option<Spanned<ready::Written>>,
    pub(super) timeout: Option<Text>,
    pub(super) attempts: Option<Spanned<u32>>,
    pub(super) retry_wait: Option<Text>,
    pub(super) deadline: Option<Text>,
    pub(super) bandwidth: Option<Text>,
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) files: Option<Spanned<BTreeMap<String, Text>>>,
    pub(super) zip: Option<Text>,
    pub(super) encoding: Option<Text>,
    pub(super) mode: Option<Text>,
    pub(super) active_ports: Option<Text>,
    pub(super) active_address: Option<Text>,
    pub(super) freshness: Option<Text>,
    pub(super) key: Option<Spanned<PrivateKeyFile>>,
    pub(super) key_passphrase: Option<Spanned<secret::Written>>,
    pub(super) host_key: Option<Text>,
    pub(super) algorithms: Option<Spanned<Vec<Text>>>,
}

/// The file of a private key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivateKeyFile {
    pub(super) file: Option<Text>,
}

impl Resolver<'_> {
    /// The source of a job.
    pub(super) fn source(
        &self,
        written: Spanned<Written>,
        warnings: &mut Vec<Message>,
    ) -> Result<Source, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        let kind = self.document.required("source", "kind", written.kind.clone(), Some(&table))?;
        if !self.document.keys.has_word("source", "kind", kind.get_ref()) {
            return Err(self.document.invalid_value("source", "kind", kind.span()));
        }
        self.document.reject_keys_of_other_kinds("source", kind.get_ref(), &table)?;
        match kind.get_ref().as_str() {
            "dir" => self.directory(written, &table),
            "sftp" => self.sftp(written, &table, warnings).map(|s| Source::Sftp(Box::new(s))),
            _ => self.ftp(written, &kind, &table, warnings).map(|s| Source::Ftp(Box::new(s))),
        }
    }

    fn directory(&self, written: Written, table: &Range<usize>) -> Result<Source, ConfigError> {
        let path = self.document.required("source", "path", written.path.clone(), Some(table))?;
        let path = self.document.checked("source", "path", path, |text| {
            DatedPath::parse(text).filter(|_| !text.is_empty())
        })?;
        let fetching = Box::new(self.fetching(&written, Ready::Now)?);
        Ok(Source::Dir { base: self.document.folder().to_path_buf(), path, fetching })
    }
}
