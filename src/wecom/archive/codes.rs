//! The return codes of WeCom's library in words.

use crate::model::Message;

/// The private key of that version is missing.
pub(super) const NO_PRIVATE_KEY: i32 = 10_007;
/// The address of this machine is not allowed.
pub(super) const ADDRESS: i32 = 10_009;
/// The data have expired.
pub(super) const EXPIRED: i32 = 10_010;
/// The id of a file is none.
pub(super) const FILE_ID: i32 = 10_005;

/// Whether the same call may succeed later.
pub(super) fn is_transient(code: i32) -> bool {
    (10_001..=10_003).contains(&code)
}

/// What a return code of a call for messages means and what to do, to follow "returned 10001: ". Codes that belong to
/// single messages and files have no meaning there.
pub fn refusal_message(code: i32) -> Message {
    match code {
        10_004..=10_008 => Message::fixed(
            "拉取消息时不应出现的返回码；未作改动，请检查 SDK 的版本并联系企业微信",
            "a code that does not belong to a call for messages; nothing was changed; check the library's version and ask \
             WeCom",
        ),
        code => code_message(code),
    }
}

/// What a return code means and what to do, to follow "returned 10001: ".
pub fn code_message(code: i32) -> Message {
    let (zh, en) = match code {
        10_000 => (
            "请求参数错误；请检查任务文件中的 corp_id、[wecom.archive] 的 secret、proxy 和 proxy_password",
            "a parameter is wrong; check corp_id, and secret, proxy and proxy_password of [wecom.archive] in the job file",
        ),
        10_001 => (
            "网络请求错误；请检查本机能否访问 https://qyapi.weixin.qq.com，需要代理时填写 proxy，稍后会自动重试",
            "the network failed; check that this machine reaches https://qyapi.weixin.qq.com, write proxy if it needs \
             one; it is tried again later",
        ),
        10_002 => (
            "数据解析失败；稍后会自动重试，反复出现时请升级 SDK 并联系企业微信",
            "the answer could not be parsed; it is tried again later; if it stays, update the library and ask WeCom",
        ),
        10_003 => (
            "系统失败；稍后会自动重试，反复出现时请联系企业微信",
            "WeCom's system failed; it is tried again later; if it stays, ask WeCom",
        ),
        10_004 => (
            "密钥错误导致加密失败；请核对管理后台的消息加密公钥与本地密钥是否为同一对",
            "the key does not fit; compare the public key on WeCom's page with the local one of that version",
        ),
        FILE_ID => (
            "fileid 错误；该文件无法下载，其余消息不受影响",
            "the id of the file is wrong; it cannot be fetched, nothing else is concerned",
        ),
        10_006 => (
            "解密失败；该消息以密文保存，下次拉取时重试；反复出现时请升级 SDK",
            "it could not be decrypted; the message is kept encrypted and tried again at the next pull; if it stays, \
             update the library",
        ),
        NO_PRIVATE_KEY => (
            "找不到消息加密版本对应的私钥；请用 orgsnap wecom archive-key list 核对各版本的私钥",
            "there is no private key of the version that the message was encrypted for; compare those of orgsnap wecom \
             archive-key list",
        ),
        10_008 => (
            "解析 encrypt_key 出错；请核对该版本的私钥是否与管理后台的公钥为同一对",
            "the random key could not be read; compare the private key of that version with the public one on WeCom's page",
        ),
        ADDRESS => (
            "IP 非法：本机的出口 IP 不在会话内容存档的可信 IP 地址中",
            "the address is not allowed: the outgoing IP of this machine is not among the trusted IPs of the session archive",
        ),
        EXPIRED => (
            "数据过期：企业微信只保留五天，已无法获取",
            "the data have expired: WeCom keeps them for five days only, and they can no longer be fetched",
        ),
        10_011 => (
            "证书错误；请检查本机的时间和根证书（ca-certificates），代理不得替换证书",
            "the certificate is wrong; check the clock and the roots (ca-certificates) of this machine, and that no proxy \
             replaces certificates",
        ),
        _ => (
            "未公开的返回码；请用 SDK 的说明查找，并检查 SDK 的版本",
            "a code that is not documented; look it up in the notes of the library, and check its version",
        ),
    };
    Message::fixed(zh, en)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_documented_code_has_words_of_its_own_in_both_languages() {
        let messages: Vec<Message> = (10_000..=10_012).map(code_message).collect();
        for language in [|m: &Message| m.zh.to_string(), |m: &Message| m.en.to_string()] {
            let texts: BTreeSet<String> = messages.iter().map(language).collect();
            assert_eq!(texts.len(), messages.len());
        }
        let transient: Vec<i32> = (9_999..10_013).filter(|code| is_transient(*code)).collect();
        assert_eq!(transient, [10_001, 10_002, 10_003]);
    }
}
