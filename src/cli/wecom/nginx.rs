//! `orgsnap wecom nginx`: the lines of nginx for a job.

use std::path::PathBuf;

use clap::Args;
use orgsnap::model::Message;
use orgsnap::wecom::nginx::{Machine, server_block};

use crate::cli::argument::BadArgument;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::output;

/// Print the nginx configuration for a job: callbacks, verification files, login, referer check, TLS
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Where orgsnap serve listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9300", value_parser = word)]
    upstream: String,
    /// The certificate with its chain
    #[arg(long, value_name = "FILE", default_value = "/etc/nginx/tls/fullchain.pem", value_parser = word)]
    certificate: String,
    /// Its private key
    #[arg(long, value_name = "FILE", default_value = "/etc/nginx/tls/privkey.pem", value_parser = word)]
    key: String,
    /// The folder of the application's pages
    #[arg(long, value_name = "DIR", default_value = "/srv/www", value_parser = word)]
    root: String,
    /// The access log, which leaves out queries
    #[arg(long, value_name = "FILE", default_value = "/var/log/nginx/orgsnap.log", value_parser = word)]
    log: String,
}

/// Prints the lines.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = load(&arguments.job, environment)?;
    let Arguments { upstream, certificate, key, root, log, .. } = arguments;
    let text = server_block(&job, &Machine { upstream, certificate, key, root, log });
    let text = text.map_err(|error| {
        let (file, Message { zh, en }) = (job.path.display(), error.message());
        Failure::usage(Message::new(format!("{file}: {zh}"), format!("{file}: {en}")))
    })?;
    output::print(&text)?;
    Ok(Exit::Done)
}

/// A word that stands in a line of nginx as it is.
fn word(text: &str) -> Result<String, BadArgument> {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'$;{}\\#@".contains(c);
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(BadArgument::new(
            "不能含有空格和 nginx 的特殊字符",
            "expected no spaces and no characters that mean something to nginx",
        )),
    }
}
