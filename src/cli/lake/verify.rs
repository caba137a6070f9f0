//! `orgsnap lake verify`: compares the lake with the database, row by row.

use clap::Args;
use orgsnap::lake::{self, Verified};
use orgsnap::report::formatting;

use super::place::{self, Place};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Compare the lake with the database: the sums of all files, and every date row by row
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Tenants or their job files, or all; not needed where there is only one
    #[arg(value_name = "TENANT|JOB|all")]
    tenants: Vec<String>,
    /// The folder of the lake, or s3://bucket/prefix [default: that of the job]
    #[arg(long, value_name = "DIR|URL")]
    lake: Option<String>,
}

/// Compares tenant by tenant.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let mut worst = Exit::Done;
    for place in place::of(&arguments.tenants, arguments.lake.as_deref(), environment)? {
        let Place { tenant, schema, lake } = &place;
        let from = lake::Tenant { id: &tenant.name, database: &tenant.database, schema };
        match lake::verify(lake, from) {
            Ok(verified) => {
                let Verified { dates, rows, differences } = &verified;
                let language = environment.language;
                for difference in differences {
                    let message = tenant.says(&difference.message());
                    output::print(&format!("{}\n", language.choose(message.zh, message.en)))?;
                }
                let (name, found) = (&tenant.name, differences.len());
                let rows = formatting::grouped(*rows);
                output::print(&language.choose(
                    format!("{name}  已比对 {dates} 个日期、{rows} 行，差异 {found} 处\n"),
                    format!(
                        "{name}  compared {dates} dates and {rows} rows, {found} differences\n"
                    ),
                ))?;
                if found > 0 {
                    worst = worst.max(Exit::Refused);
                }
            }
            Err(error) => {
                let failure = Failure::from(error);
                output::warn(environment, &tenant.says(&failure.message));
                worst = worst.max(failure.exit);
            }
        }
    }
    Ok(worst)
}
