//! Parses the arguments, calls the verb, maps the exit code; nothing else.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
