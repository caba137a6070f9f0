//! Why a key of a job file has no value, in words.

use crate::model::Message;

/// The table that holds the key is not in the job file.
pub(super) fn no_table(table: &str, repeats: bool) -> Message {
    let header = if repeats { format!("[[{table}]]") } else { format!("[{table}]") };
    Message::new(format!("未设置 {header}"), format!("there is no {header}"))
}

/// The key has no meaning with the kind of its table.
pub(super) fn other_kind(kind: &str) -> Message {
    Message::new(
        format!("kind = \"{kind}\" 时不适用"),
        format!("means nothing with kind = \"{kind}\""),
    )
}

/// `polls` and `min_size` belong to `stable`.
pub(super) fn only_with_stable() -> Message {
    Message::fixed("仅与 ready.stable 同用", "only with ready.stable")
}

/// An application without `token` and `aes_key`.
pub(super) fn no_callbacks() -> Message {
    Message::fixed("此应用不接收回调", "the application receives no callbacks")
}

/// Without `[report.reply]` nothing is put on the insurer's server.
pub(super) fn no_reply() -> Message {
    Message::fixed("未设置 [report.reply]：不回传", "there is no [report.reply]: nothing is sent")
}

/// Without `[wecom.login]` nobody logs in.
pub(super) fn no_login() -> Message {
    Message::fixed(
        "未设置 [wecom.login]：不提供登录和 JS-SDK 签名",
        "there is no [wecom.login]: nobody logs in, nothing is signed for the JS-SDK",
    )
}

/// What holds while a key without a default is not written.
pub(super) fn meaning(section: &str, name: &str) -> Message {
    match (section, name) {
        ("", "schema") => {
            Message::fixed("未设置：使用内置结构", "not written: the built-in schema")
        }
        ("source", "path") => {
            Message::fixed("未设置：登录后所在的目录", "not written: the directory after login")
        }
        ("source", "bandwidth") => Message::fixed("未设置：不限速", "not written: no cap"),
        ("source", "freshness") => {
            Message::fixed("未设置：不检查", "not written: files of any age")
        }
        ("source", "host_key") => Message::fixed(
            "未设置：拒绝连接，报错信息中给出服务器主机密钥的指纹",
            "not written: no connection is made, and the error gives the server's fingerprint",
        ),
        ("source.tls", "ca" | "pin_sha256") => Message::fixed(
            "未设置：另一项，或公共根证书",
            "not written: the other one, or the public roots",
        ),
        ("format", "comment") => {
            Message::fixed("未设置：没有注释行", "not written: no line is a comment")
        }
        ("format", "trailer") => {
            Message::fixed("未设置：末行是记录", "not written: the last line is a record")
        }
        ("report", "dir") => Message::fixed(
            "未设置：数据目录下的 <租户>/reports",
            "not written: <tenant>/reports in the data folder",
        ),
        ("archive", "keep") => Message::fixed("未设置：全部保留", "not written: all are kept"),
        ("report", "keep") => Message::fixed("未设置：不删除", "not written: none are removed"),
        ("lake.s3", "endpoint") => {
            Message::fixed("未设置：AWS 在该地域的地址", "not written: that of AWS in the region")
        }
        ("wecom.archive", "keep") => {
            Message::fixed("未设置：全部保留", "not written: all are kept")
        }
        ("wecom.archive", "reader") => Message::fixed(
            "未设置：与 orgsnap 同一目录中的 orgsnap-archive-reader",
            "not written: orgsnap-archive-reader beside orgsnap",
        ),
        ("wecom.archive", "schedule") => {
            Message::fixed("未设置：不定时拉取", "not written: orgsnap serve does not pull")
        }
        ("wecom.archive", "proxy") => Message::fixed("未设置：直连", "not written: no proxy"),
        ("schedule", "wait_until") => Message::fixed(
            "未设置：计划时间后一小时",
            "not written: one hour after the scheduled time",
        ),
        ("wecom", "reconcile") => {
            Message::fixed("未设置：不核对", "not written: they are not compared")
        }
        ("wecom.roster", "field") => {
            Message::fixed("未设置：代理人 id", "not written: the agent's id")
        }
        ("alert" | "wecom", "ca") => {
            Message::fixed("未设置：公共根证书", "not written: the public roots")
        }
        _ => Message::fixed("未设置", "not written"),
    }
}
