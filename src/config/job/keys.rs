//! Every key of a job file with what it expects, so that each complaint can say so.

use crate::model::Message;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// The table it stands in; empty at the top level.
    pub(super) section: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What it expects, to follow 「应为」 and "expected".
    pub(super) expects: Message,
}

const fn key(section: &'static str, name: &'static str, zh: &'static str, en: &'static str) -> Key {
    Key { section, name, expects: Message::fixed(zh, en) }
}

/// All keys in the order of the documentation. The names below `[rules]` are the rules' own.
pub(super) static KEYS: &[Key] = &[
    key("", "tenant", "1 到 64 个字母、数字、_ 或 -", "1 to 64 letters, digits, `_` or `-`"),
    key("", "name", "一段文字", "a text"),
    key("", "timezone", "时区名，如 \"Asia/Shanghai\"", "a time zone such as \"Asia/Shanghai\""),
    key("", "schema", "一个文件夹的路径", "the path of a folder"),
    key("", "source", "一个 [source] 表", "a [source] table"),
    key("", "format", "一个 [format] 表", "a [format] table"),
    key("", "schedule", "一个 [schedule] 表", "a [schedule] table"),
    key("", "gate", "一个 [gate] 表", "a [gate] table"),
    key("", "limits", "一个 [limits] 表", "a [limits] table"),
    key("", "rules", "一个 [rules] 表", "a [rules] table"),
    key(
        "",
        "corp_id",
        "企业 ID（CorpID），如 \"ww08a41f56c8db31fb\"",
        "the enterprise's CorpID, such as \"ww08a41f56c8db31fb\"",
    ),
    key(
        "",
        "public_url",
        "对外的域名，如 \"https://wecom.example.com\"",
        "the address seen from outside, such as \"https://wecom.example.com\"",
    ),
    key("", "wecom_app", "一个或几个 [[wecom_app]] 表", "[[wecom_app]] tables"),
    key(
        "",
        "domain_verification",
        "一个或几个 [[domain_verification]] 表",
        "[[domain_verification]] tables",
    ),
    key("", "alert", "一个或几个 [[alert]] 表", "[[alert]] tables"),
    key(
        "source",
        "kind",
        "\"dir\"、\"ftp\"、\"ftps\"、\"ftps-implicit\" 或 \"sftp\"",
        "\"dir\", \"ftp\", \"ftps\", \"ftps-implicit\" or \"sftp\"",
    ),
    key("source", "host", "服务器的名称或地址", "the server's name or address"),
    key("source", "port", "1 到 65535 的整数", "a whole number from 1 to 65535"),
    key(
        "source",
        "path",
        "一个目录，可含 {date:%Y%m%d}",
        "a directory, which may hold {date:%Y%m%d}",
    ),
    key("source", "username", "登录名（一行文字）", "a login name (one line of text)"),
    key(
        "source",
        "password",
        "{ env = \"变量名\" } 或 { file = \"路径\" }",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" }",
    ),
    key("source.password", "env", "环境变量名", "the name of an environment variable"),
    key("source.password", "file", "一个文件的路径", "the path of a file"),
    key(
        "source",
        "tls",
        "{ pin_sha256 = \"...\" } 或 { ca = \"ca.pem\" }",
        "{ pin_sha256 = \"...\" } or { ca = \"ca.pem\" }",
    ),
    key(
        "source.tls",
        "pin_sha256",
        "证书（DER）的 SHA-256，64 位十六进制数字，可用冒号分隔",
        "the SHA-256 of the certificate (DER), 64 hex digits, colons allowed",
    ),
    key("source.tls", "ca", "PEM 文件的路径", "the path of a PEM file"),
    key(
        "source",
        "ready",
        "\"now\"、{ stable = \"30s\" } 或 { marker = \"done.ok\" }",
        "\"now\", { stable = \"30s\" } or { marker = \"done.ok\" }",
    ),
    key("source.tls", "allow_missing_close_notify", "true 或 false", "true or false"),
    key("source.ready", "stable", "时长，如 \"30s\"", "a duration such as \"30s\""),
    key(
        "source.ready",
        "marker",
        "一个文件名，可含 {date:%Y%m%d}",
        "a file name, which may hold {date:%Y%m%d}",
    ),
    key("source.ready", "polls", "2 到 100 的整数", "a whole number from 2 to 100"),
    key("source.ready", "min_size", "大小，如 \"1KiB\"", "a size such as \"1KiB\""),
    key("source", "timeout", "时长，如 \"60s\"", "a duration such as \"60s\""),
    key("source", "attempts", "1 到 100 的整数", "a whole number from 1 to 100"),
    key("source", "retry_wait", "时长，如 \"5s\"", "a duration such as \"5s\""),
    key("source", "deadline", "时长，如 \"30m\"", "a duration such as \"30m\""),
    key("source", "bandwidth", "每秒字节数，如 \"10MiB\"", "bytes a second, such as \"10MiB\""),
    key("source", "connections", "1 到 4 的整数", "a whole number from 1 to 4"),
    key(
        "source",
        "files",
        "{ agent = \"...\", node = \"...\", organ = \"...\", principal = \"...\" }",
        "{ agent = \"...\", node = \"...\", organ = \"...\", principal = \"...\" }",
    ),
    key("source.files", "agent", FILE_ZH, FILE_EN),
    key("source.files", "node", FILE_ZH, FILE_EN),
    key("source.files", "organ", FILE_ZH, FILE_EN),
    key("source.files", "principal", FILE_ZH, FILE_EN),
    key(
        "source",
        "encoding",
        "文件名的编码：\"auto\"、\"utf-8\" 或 \"gbk\"",
        "the encoding of file names: \"auto\", \"utf-8\" or \"gbk\"",
    ),
    key("source", "freshness", "时长，如 \"26h\"", "a duration such as \"26h\""),
    key("source", "key", "{ file = \"路径\" }", "{ file = \"PATH\" }"),
    key("source.key", "file", "一个文件的路径", "the path of a file"),
    key(
        "source",
        "key_passphrase",
        "{ env = \"变量名\" } 或 { file = \"路径\" }",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" }",
    ),
    key("source.key_passphrase", "env", "环境变量名", "the name of an environment variable"),
    key("source.key_passphrase", "file", "一个文件的路径", "the path of a file"),
    key(
        "source",
        "host_key",
        "服务器公钥的指纹 \"SHA256:...\"（ssh-keygen -lf 所示），或 known_hosts 中的一行",
        "the fingerprint of the server's key, \"SHA256:...\" as ssh-keygen -lf prints it, or a line of known_hosts",
    ),
    key(
        "format",
        "encoding",
        "\"auto\"、\"utf-8\"、\"gb18030\"、\"gbk\"、\"gb2312\"、\"utf-16le\" 或 \"utf-16be\"",
        "\"auto\", \"utf-8\", \"gb18030\", \"gbk\", \"gb2312\", \"utf-16le\" or \"utf-16be\"",
    ),
    key(
        "format",
        "delimiter",
        "\"auto\"，或一个以上不含换行的字符，如 \"|\"",
        "\"auto\", or one or more characters without a line end, such as \"|\"",
    ),
    key("format", "header", "true、false 或 \"auto\"", "true, false or \"auto\""),
    key(
        "schedule",
        "cron",
        "六段 cron 表达式（秒 分 时 日 月 周），如 \"0 30 2 * * *\"",
        "a cron expression of six fields (seconds first), such as \"0 30 2 * * *\"",
    ),
    key("schedule", "wait_until", "时刻，如 \"08:00\"", "a time of day such as \"08:00\""),
    key("schedule", "retry_every", "时长，如 \"5m\"", "a duration such as \"5m\""),
    key("gate", "max_quarantined", SHARE_ZH, SHARE_EN),
    key("gate", "max_detached", SHARE_ZH, SHARE_EN),
    key("gate", "max_vanished", SHARE_ZH, SHARE_EN),
    key("gate", "max_vanished_in_organ", SHARE_ZH, SHARE_EN),
    key("limits", "max_file_size", "大小，如 \"4GiB\"", "a size such as \"4GiB\""),
    key(
        "alert",
        "kind",
        "\"wecom-robot\"、\"webhook\" 或 \"command\"",
        "\"wecom-robot\", \"webhook\" or \"command\"",
    ),
    key("alert", "name", "1 到 64 个字符的一行文字", "one line of 1 to 64 characters"),
    key(
        "alert",
        "on",
        "\"refused\"、\"failed\"、\"late\"、\"recovered\" 中的一个或几个",
        "a list of \"refused\", \"failed\", \"late\", \"recovered\"",
    ),
    key("alert", "language", "\"zh\" 或 \"en\"", "\"zh\" or \"en\""),
    key(
        "alert",
        "url",
        "{ env = \"变量名\" }、{ file = \"路径\" } 或以 https:// 开头的地址",
        "{ env = \"VARIABLE\" }, { file = \"PATH\" } or an address that begins with https://",
    ),
    key("alert.url", "env", "环境变量名", "the name of an environment variable"),
    key("alert.url", "file", "一个文件的路径", "the path of a file"),
    key(
        "alert",
        "bearer",
        "{ env = \"变量名\" } 或 { file = \"路径\" }",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" }",
    ),
    key("alert.bearer", "env", "环境变量名", "the name of an environment variable"),
    key("alert.bearer", "file", "一个文件的路径", "the path of a file"),
    key("alert", "ca", "PEM 文件的路径", "the path of a PEM file"),
    key(
        "alert",
        "command",
        "程序及其参数，如 [\"/usr/local/bin/notify\", \"--night\"]",
        "a program and its arguments, such as [\"/usr/local/bin/notify\", \"--night\"]",
    ),
    key("alert", "timeout", "不超过 5m 的时长，如 \"10s\"", "a duration up to 5m, such as \"10s\""),
    key(
        "wecom_app",
        "agent_id",
        "应用的 AgentId（数字），或 \"chengyuan\"（通讯录）、\"kehu\"（客户）",
        "the application's AgentId (a number), \"chengyuan\" (contacts) or \"kehu\" (customers)",
    ),
    key("wecom_app", "secret", SECRET_ZH, SECRET_EN),
    key("wecom_app.secret", "env", "环境变量名", "the name of an environment variable"),
    key("wecom_app.secret", "file", "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "token",
        "{ env = \"变量名\" } 或 { file = \"路径\" }，内容为不超过 32 位的字母和数字",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" } with up to 32 letters and digits",
    ),
    key("wecom_app.token", "env", "环境变量名", "the name of an environment variable"),
    key("wecom_app.token", "file", "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "aes_key",
        "{ env = \"变量名\" } 或 { file = \"路径\" }，内容为 43 位字母和数字（EncodingAESKey）",
        "{ env = \"VARIABLE\" } or { file = \"PATH\" } with 43 letters and digits (EncodingAESKey)",
    ),
    key("wecom_app.aes_key", "env", "环境变量名", "the name of an environment variable"),
    key("wecom_app.aes_key", "file", "一个文件的路径", "the path of a file"),
    key(
        "wecom_app",
        "receive_ids",
        "CorpID 之外允许的接收方 ID 列表，如 [\"\"]",
        "a list of receive ids that are right besides the corp id, such as [\"\"]",
    ),
    key(
        "domain_verification",
        "file",
        "形如 \"WW_verify_XXXX.txt\" 的文件名",
        "a file name such as \"WW_verify_XXXX.txt\"",
    ),
    key("domain_verification", "content", "1 到 1024 字节的文字", "a text of 1 to 1024 bytes"),
];

const SECRET_ZH: &str = "{ env = \"变量名\" } 或 { file = \"路径\" }";
const SECRET_EN: &str = "{ env = \"VARIABLE\" } or { file = \"PATH\" }";
const FILE_ZH: &str = "一个文件名，可含 {date:%Y%m%d}";
const FILE_EN: &str = "a file name, which may hold {date:%Y%m%d}";

const SHARE_ZH: &str = "大于 0%、不超过 100% 的比例，如 \"5%\"";
const SHARE_EN: &str = "a share above 0% and up to 100%, such as \"5%\"";

static RULE_LEVEL: Message = Message::fixed(
    "\"off\"、\"info\"、\"warning\"、\"error\" 或 \"fatal\"",
    "\"off\", \"info\", \"warning\", \"error\" or \"fatal\"",
);

/// The keys of `[source]` that mean something to a directory.
pub(super) static OF_DIRECTORIES: &[&str] = &["path", "ready", "deadline", "files", "freshness"];

/// Those that mean something to an FTP server.
pub(super) static OF_FTP: &[&str] = &[
    "host",
    "port",
    "path",
    "username",
    "password",
    "tls",
    "ready",
    "timeout",
    "attempts",
    "retry_wait",
    "deadline",
    "bandwidth",
    "connections",
    "files",
    "encoding",
    "freshness",
];

/// Those that mean something to an SFTP server.
pub(super) static OF_SFTP: &[&str] = &[
    "host",
    "port",
    "path",
    "username",
    "password",
    "key",
    "key_passphrase",
    "host_key",
    "ready",
    "timeout",
    "attempts",
    "retry_wait",
    "deadline",
    "bandwidth",
    "connections",
    "files",
    "freshness",
];

/// What a key expects; `None` if there is no such key.
pub(super) fn expects(section: &str, name: &str) -> Option<&'static Message> {
    if section == "rules" {
        return Some(&RULE_LEVEL);
    }
    KEYS.iter().find(|key| key.section == section && key.name == name).map(|key| &key.expects)
}

/// Whether what stands there may be a secret, and must not be shown.
pub(super) fn is_secret(section: &str, name: &str) -> bool {
    const SECRETS: [(&str, &str); 7] = [
        ("source", "password"),
        ("source", "key_passphrase"),
        ("alert", "url"),
        ("alert", "bearer"),
        ("wecom_app", "secret"),
        ("wecom_app", "token"),
        ("wecom_app", "aes_key"),
    ];
    SECRETS.contains(&(section, name))
}

/// The keys of a table, in the order of the documentation.
pub(super) fn known(section: &str) -> Vec<&'static str> {
    KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect()
}

/// The known key of the table that `name` was probably meant to be.
pub(super) fn suggestion(section: &str, name: &str) -> Option<String> {
    let best = known(section)
        .into_iter()
        .map(|known| (strsim::jaro_winkler(known, &name.to_lowercase()), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then(|| best.1.to_owned())
}
