//! The process that loads WeCom's library of the session archive. It is started by orgsnap, answers the lines of its
//! standard input, and ends with it. It keeps nothing and logs nothing.

mod library;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use orgsnap_archive_reader::{Answer, Fault, Request};

use library::Library;

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever started it has ended, or closed its end.
        Err(_) => ExitCode::FAILURE,
    }
}

/// Answers until the input ends.
fn serve() -> io::Result<()> {
    end_with_parent()?;
    let mut answers = BufWriter::new(take_output()?);
    let mut requests = BufReader::new(io::stdin().lock());
    let mut library = None;
    let mut line = Vec::new();
    while requests.read_until(b'\n', &mut line)? > 0 {
        let answer = match serde_json::from_slice(&line) {
            Ok(request) => {
                answer(request, &mut library).unwrap_or_else(|fault| Answer::Fault { fault })
            }
            Err(_) => Answer::Fault { fault: Fault::BadRequest },
        };
        line.clear();
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

/// A library that hangs would outlive a parent that is killed.
fn end_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// The pipe of the answers. The library may print: what it prints would be read as an answer, or tell of messages, so
/// both its outputs lead nowhere.
fn take_output() -> io::Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nowhere)?;
    rustix::stdio::dup2_stderr(&nowhere)?;
    Ok(File::from(output))
}

fn answer(request: Request, library: &mut Option<Library>) -> Result<Answer, Fault> {
    if let Request::Open { library: path, corp_id, secret } = request {
        // The one before it is closed first: the library may hold state of its own.
        *library = None;
        return match Library::open(&path, &corp_id, &secret)? {
            Ok(opened) => {
                *library = Some(opened);
                Ok(Answer::Done)
            }
            Err(code) => Ok(Answer::Code { code, text: String::new() }),
        };
    }
    let library = library.as_ref().ok_or(Fault::NotOpen)?;
    match request {
        Request::Open { .. } => Err(Fault::BadRequest),
        Request::ChatData { seq, limit, network } => library.chat_data(seq, limit, &network),
        Request::Decrypt { key, message } => library.decrypt(key.0, &message),
        Request::Media { position, file_id, network } => {
            library.media(&position, &file_id, &network)
        }
    }
}
