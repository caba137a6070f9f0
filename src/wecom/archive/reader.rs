//! The other program that loads WeCom's library, asked over its pipes. Whatever it does, an answer, a fault or the
//! deadline comes.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use orgsnap_archive_reader::{Answer, Request};

use crate::model::{Message, system_reason};

/// The longest answer. A thousand messages have some megabytes.
const MOST_BYTES: u64 = 256 * 1_024 * 1_024;

/// The program, started.
pub struct Reader {
    program: PathBuf,
    child: Child,
    requests: Sender<Vec<u8>>,
    answers: Receiver<io::Result<Vec<u8>>>,
}

/// Why there is no answer. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum ReaderFault {
    /// The program cannot be started.
    NotStarted {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It ended while it was asked. By a signal: the library crashed, or the program was killed. Otherwise it ended by
    /// itself, which the one that belongs to orgsnap does not.
    Ended {
        /// The program.
        program: PathBuf,
        /// How, if it is known.
        status: Option<ExitStatus>,
    },
    /// No answer within the deadline; it was killed.
    Silent {
        /// The deadline.
        after: Duration,
    },
    /// The answer is none of the protocol.
    Garbage,
}

impl Reader {
    /// Starts the program with these variables and no others: secrets of other insurers may be among those of orgsnap.
    ///
    /// # Errors
    /// [`ReaderFault::NotStarted`].
    pub fn start(
        program: &Path,
        environment: &[(OsString, OsString)],
    ) -> Result<Reader, ReaderFault> {
        let not_started =
            |source| ReaderFault::NotStarted { program: program.to_path_buf(), source };
        let mut child = Command::new(program)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(not_started)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            // Both were asked for above.
            return Err(not_started(io::Error::from(io::ErrorKind::BrokenPipe)));
        };
        let (requests, asked) = channel();
        let (answered, answers) = channel();
        // Writing may block, too, when the program does not read. Killing the program ends the thread.
        let speaking = thread::Builder::new()
            .name("archive reader".to_owned())
            .spawn(move || speak(input, output, &asked, &answered));
        let reader = Reader { program: program.to_path_buf(), child, requests, answers };
        speaking.map(|_| reader).map_err(not_started)
    }

    /// Asks, and waits for the answer. After a fault the program is to be started anew.
    ///
    /// # Errors
    /// See [`ReaderFault`].
    pub fn ask(&mut self, request: &Request, deadline: Duration) -> Result<Answer, ReaderFault> {
        // No request fails to become JSON but one whose path is not UTF-8.
        let mut line = serde_json::to_vec(request).map_err(|_| ReaderFault::Garbage)?;
        line.push(b'\n');
        if self.requests.send(line).is_err() {
            return Err(self.ended());
        }
        match self.answers.recv_timeout(deadline) {
            Ok(Ok(line)) => serde_json::from_slice(&line).map_err(|_| ReaderFault::Garbage),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => Err(ReaderFault::Silent { after: deadline }),
        }
    }

    /// The fault of a program whose pipe is closed. It may still be ending; one that only closed its pipe is killed.
    fn ended(&mut self) -> ReaderFault {
        for _ in 0..50 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return ReaderFault::Ended { program: self.program.clone(), status: Some(status) };
            }
            thread::sleep(Duration::from_millis(10));
        }
        ReaderFault::Ended { program: self.program.clone(), status: None }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands over request by request, and each answer.
fn speak(
    mut input: ChildStdin,
    output: ChildStdout,
    asked: &Receiver<Vec<u8>>,
    answered: &Sender<io::Result<Vec<u8>>>,
) {
    let mut output = BufReader::new(output);
    while let Ok(request) = asked.recv() {
        let mut exchange = || {
            input.write_all(&request)?;
            input.flush()?;
            let mut line = Vec::new();
            output.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line)?;
            match line.last() {
                Some(b'\n') => Ok(line),
                _ => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            }
        };
        let line = exchange();
        let over = line.is_err();
        if answered.send(line).is_err() || over {
            return;
        }
    }
}

impl ReaderFault {
    /// What happened, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            ReaderFault::NotStarted { program, source } => {
                let (program, Message { zh, en }) = (program.display(), system_reason(source));
                Message::new(
                    format!(
                        "无法启动 {program}：{zh}；请将 orgsnap-archive-reader 与 orgsnap 放在同一目录，或在 [wecom.archive] 中填写 reader"
                    ),
                    format!(
                        "cannot start {program}: {en}; put orgsnap-archive-reader beside orgsnap, or write reader in \
                         [wecom.archive]"
                    ),
                )
            }
            ReaderFault::Ended { program, status } => ended(program, *status),
            ReaderFault::Silent { after } => {
                let seconds = after.as_secs();
                Message::new(
                    format!(
                        "企业微信 SDK {seconds} 秒没有响应，加载它的进程已终止；请检查网络和代理，必要时增大 [wecom.archive] 的 timeout"
                    ),
                    format!(
                        "WeCom's library did not answer for {seconds} s, and the process that loads it was ended: check \
                         network and proxy, and raise timeout of [wecom.archive] if need be"
                    ),
                )
            }
            ReaderFault::Garbage => Message::fixed(
                "orgsnap-archive-reader 的响应无法识别；请使用与 orgsnap 同一版本的程序",
                "orgsnap-archive-reader answered with what is no answer; use the one of the same version as orgsnap",
            ),
        }
    }
}

fn ended(program: &Path, status: Option<ExitStatus>) -> Message {
    if let Some(signal) = status.and_then(|status| status.signal()) {
        return Message::new(
            format!(
                "企业微信 SDK 崩溃，加载它的进程已结束（信号 {signal}）；请检查 SDK 的版本与本机的系统、OpenSSL 是否匹配"
            ),
            format!(
                "WeCom's library crashed, and the process that loads it ended (signal {signal}): check that the library's \
                 version fits this system and its OpenSSL"
            ),
        );
    }
    let program = program.display();
    let (zh, en) = match status.and_then(|status| status.code()) {
        Some(code) => (format!("退出码 {code}"), format!("exit code {code}")),
        None => ("已关闭输出".to_owned(), "it closed its output".to_owned()),
    };
    Message::new(
        format!(
            "{program} 没有响应就退出了（{zh}）；请检查 [wecom.archive] 的 reader 是否为与 orgsnap 同一版本的 orgsnap-archive-reader"
        ),
        format!(
            "{program} ended without an answer ({en}): check that reader of [wecom.archive] is the orgsnap-archive-reader of \
             the same version as orgsnap"
        ),
    )
}

impl fmt::Display for ReaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
