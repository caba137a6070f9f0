//! What the operating system says of a fault, in both languages.

use std::io::{self, ErrorKind};

use super::Message;

/// Why the system refused, as half a sentence to follow a colon or to be put in brackets.
///
/// The system speaks English (or the language of its locale); what occurs in daily use is said in words of
/// our own, anything else is quoted.
pub fn system_reason(error: &io::Error) -> Message {
    let (zh, en) = match error.kind() {
        ErrorKind::NotFound => ("文件或目录不存在", "no such file or folder"),
        ErrorKind::PermissionDenied => ("没有权限", "permission denied"),
        ErrorKind::NotADirectory => ("路径中有一段不是目录", "a part of the path is not a folder"),
        ErrorKind::IsADirectory => ("是目录，不是文件", "it is a folder, not a file"),
        ErrorKind::AlreadyExists => ("已经存在", "it exists already"),
        ErrorKind::StorageFull => ("磁盘已满", "the disk is full"),
        ErrorKind::QuotaExceeded => ("超出磁盘配额", "over the disk quota"),
        ErrorKind::ReadOnlyFilesystem => ("磁盘只读", "the disk is read-only"),
        ErrorKind::FileTooLarge => ("文件超过系统允许的大小", "the file is larger than allowed"),
        ErrorKind::InvalidFilename => ("文件名无效或过长", "the file name is invalid or too long"),
        ErrorKind::StaleNetworkFileHandle => {
            ("网络文件系统的句柄已失效", "the handle of the network file system is stale")
        }
        ErrorKind::ResourceBusy => ("资源被占用", "it is in use"),
        ErrorKind::OutOfMemory => ("内存不足", "out of memory"),
        ErrorKind::ConnectionRefused => ("连接被拒绝", "connection refused"),
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe => ("连接被对端中断", "the other side broke the connection"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            ("网络不可达", "the network is unreachable")
        }
        ErrorKind::AddrInUse => ("地址或端口已被占用", "the address or port is in use"),
        ErrorKind::AddrNotAvailable => ("本机没有这个地址", "this machine has no such address"),
        // Linux reports a timeout of a blocking socket as the former.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            ("超时无响应", "no answer within the timeout")
        }
        _ => return Message::new(format!("系统提示：{error}"), error.to_string()),
    };
    Message::fixed(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_system_errors_are_translated_and_others_quoted() {
        for (code, zh, en) in [
            (2, "不存在", "no such"),
            (13, "没有权限", "permission"),
            (20, "不是目录", "not a folder"),
            (21, "是目录", "a folder"),
            (28, "磁盘已满", "full"),
            (30, "只读", "read-only"),
            (111, "被拒绝", "refused"),
            (110, "超时", "timeout"),
            (32, "中断", "broke"),
        ] {
            let said = system_reason(&io::Error::from_raw_os_error(code));
            assert!(said.zh.contains(zh) && said.en.contains(en), "{code}: {said:?}");
            assert!(said.zh.chars().all(|c| !c.is_ascii_alphabetic()), "{code}: {said:?}");
        }
        let said = system_reason(&io::Error::other("odd"));
        assert_eq!((&*said.zh, &*said.en), ("系统提示：odd", "odd"));
    }
}
