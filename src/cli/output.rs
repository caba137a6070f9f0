//! Writing to standard output and standard error.

use std::io::{self, Write as _};
use std::path::Path;

use anstyle::{AnsiColor, Effects, Style};
use orgsnap::model::{Message, system_reason};

use super::environment::Environment;
use super::failure::Failure;

const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);

/// Writes a result to standard output.
///
/// A reader that went away (`orgsnap rules | head -1`) has what it wanted: that is no error.
///
/// # Errors
/// If standard output cannot be written to, for instance because the disk behind it is full.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let Message { zh, en } = system_reason(&error);
            Err(Failure::usage(Message::new(
                format!("无法写到标准输出：{zh}；请检查输出重定向到的位置"),
                format!("cannot write to standard output: {en}; check where it is redirected to"),
            )))
        }
        _ => Ok(()),
    }
}

/// Why a file that an argument names cannot be written.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Message {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if error.kind() == io::ErrorKind::NotFound && folder.is_some_and(|folder| !folder.exists()) {
        return Message::new(
            format!("无法写入 {shown}：所在目录不存在，请先创建"),
            format!("cannot write {shown}: its folder does not exist; create it first"),
        );
    }
    let Message { zh, en } = system_reason(error);
    Message::new(
        format!("无法写入 {shown}：{zh}；请检查所在目录的权限和剩余空间"),
        format!("cannot write {shown}: {en}; check its folder's permissions and free space"),
    )
}

/// Prints an error on standard error.
pub(super) fn complain(environment: &Environment, failure: &Failure) {
    let word = environment.language.choose("错误", "error");
    print_message(environment, BAD, word, &failure.message);
}

/// Prints on standard error what is worth knowing and no fault.
pub(super) fn note(environment: &Environment, message: &Message) {
    let word = environment.language.choose("说明", "note");
    print_message(environment, Style::new(), word, message);
}

/// Prints a warning on standard error.
pub(super) fn warn(environment: &Environment, message: &Message) {
    let word = environment.language.choose("警告", "warning");
    print_message(environment, DOUBTFUL, word, message);
}

fn print_message(environment: &Environment, style: Style, word: &str, message: &Message) {
    let text = environment.language.of(message);
    let line = if environment.colour && environment.watched {
        format!("{style}{word}{style:#}: {text}\n")
    } else {
        format!("{word}: {text}\n")
    };
    // There is nowhere left to tell that standard error cannot be written to.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
