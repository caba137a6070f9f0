//! `orgsnap wecom queries`: the questions that need both databases, as SQL to run.

use clap::Args;
use orgsnap::store::StoreError;
use orgsnap::wecom::store::EventReader;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// Print the SQL that joins members with agents: who left and still has an account, who has none
#[derive(Debug, Args)]
#[command(after_help = "\
The output can be run as it is:
  orgsnap wecom queries TENANT | sqlite3 -header -column data/TENANT/wecom.db")]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
}

/// Prints the statements: the second database, the views, and a look at each.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let database = tenant::database(&arguments.tenant, environment)?;
    let queries = EventReader::open(&folder)?.queries()?;
    // SQLite would make an empty database of a path that names none.
    if !database.exists() {
        return Err(StoreError::NotFound { path: database }.into());
    }
    // What is printed may be pasted in another folder.
    let database = std::path::absolute(&database).unwrap_or(database);
    let path = database.display().to_string().replace('\'', "''");
    let mut text = format!("attach '{path}' as org;\n");
    for query in queries {
        let title = environment.language.of(&query.title);
        let (name, sql) = (&query.name, query.sql.trim_end());
        text.push_str(&format!("\n-- {title}\n{sql}\nselect * from {name} order by 1 limit 20;\n"));
    }
    output::print(&text)?;
    Ok(Exit::Done)
}
