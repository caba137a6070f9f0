//! `orgsnap datasette-metadata`: the file by which Datasette shows titles, meanings and tested queries.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use orgsnap::analyst;
use orgsnap::disk::replace_file;
use orgsnap::model::Message;
use orgsnap::store::Reader;

use super::destination::check_outside_data;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, tenant};

/// Write the metadata of Datasette: titles, meanings, tested queries
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file also if it is not from this command
    #[arg(long, requires = "out")]
    force: bool,
}

/// Writes the file, and says how to start Datasette with it.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    if let Some(file) = &arguments.out {
        check_outside_data(file, environment)?;
        check_is_own(file, arguments.force)?;
    }
    let database = tenant::database(&arguments.tenant, environment)?;
    let tables = Reader::open_existing(&database)?.documentation()?;
    let name = database.file_stem().unwrap_or_default().to_string_lossy();
    let document = analyst::metadata(&name, &tables, environment.language);
    let text = format!("{}\n", serde_json::to_string_pretty(&document)?);
    let Some(file) = &arguments.out else {
        output::print(&text)?;
        return Ok(Exit::Done);
    };
    let written = replace_file(file, text.as_bytes(), 0o644);
    written.map_err(|error| Failure::usage(output::cannot_write(file, &error)))?;
    let (file, database) = (file.display(), database.display());
    // Suggestions for what to filter by look at every column of a table for each page.
    let command = format!("datasette {database} -m {file} --setting suggest_facets off");
    output::print(&environment.language.choose(
        format!("已写入 {file}\n下一步  {command}\n"),
        format!("written to {file}\nnext  {command}\n"),
    ))?;
    Ok(Exit::Done)
}

/// Refuses a file that is there and is not from this verb, unless it is to be replaced.
fn check_is_own(file: &Path, force: bool) -> Result<(), Failure> {
    let is_there = fs::symlink_metadata(file).is_ok();
    let is_own = || fs::read_to_string(file).is_ok_and(|text| analyst::is_metadata(&text));
    if force || !is_there || is_own() {
        return Ok(());
    }
    let file = file.display();
    Err(Failure::usage(Message::new(
        format!("{file} 已存在，且不是本命令所写；如需替换请加 --force"),
        format!("{file} is there already and not from this command; replace it with --force"),
    )))
}
