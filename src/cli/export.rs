//! `orgsnap export`: the tables of a date as files for other tools.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use orgsnap::export::{self, ExportError, Request, Source};
use orgsnap::model::Message;
use orgsnap::pipeline;
use orgsnap::report::formatting;

use super::destination::check_outside_data;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::sql::say_which;
use super::tenant::{self, Tenant};
use super::{argument, output};

/// Write the tables of any date to files: CSV for Excel, a workbook, Parquet, SQLite
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file to write; the folder of several where CSV or Parquet are of several tables
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// csv, xlsx, parquet or sqlite [default: by the end of OUT]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatArgument>,
    /// The newest published date that is not after this one [default: the newest of all]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = argument::date)]
    as_of: Option<NaiveDate>,
    /// The tables, such as agent,organ_tree [default: the four tables of a snapshot and the four trees]
    #[arg(long, value_name = "TABLE,...", value_delimiter = ',')]
    tables: Vec<String>,
    /// A tenant or its job file, several times if need be, or all; not needed where there is only one
    #[arg(long = "tenant", value_name = "TENANT|JOB|all")]
    tenants: Vec<String>,
    /// Mask names of people, and leave out what they could be told by
    #[arg(long)]
    mask: bool,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArgument {
    /// For Excel: UTF-8 with a mark, lines end with CRLF, long digits stay digits, nothing is a formula
    Csv,
    /// A workbook with a sheet a table
    Xlsx,
    /// Typed columns, compressed, for pandas and DuckDB
    Parquet,
    /// A database as of the date, with keys and views
    Sqlite,
}

impl From<FormatArgument> for export::Format {
    fn from(format: FormatArgument) -> export::Format {
        match format {
            FormatArgument::Csv => export::Format::Csv,
            FormatArgument::Xlsx => export::Format::Xlsx,
            FormatArgument::Parquet => export::Format::Parquet,
            FormatArgument::Sqlite => export::Format::Sqlite,
        }
    }
}

/// Exports.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    check_outside_data(&arguments.out, environment)?;
    let format = match arguments.format {
        Some(format) => format.into(),
        None => by_name(&arguments.out)?,
    };
    let tenants = tenant::several(&arguments.tenants, environment)?;
    let (mut worst, mut sources) = (Exit::Done, Vec::new());
    for tenant in &tenants.list {
        match open(tenant, arguments) {
            Ok(source) => {
                let named = tenants.named.then_some(tenant);
                say_which(arguments.as_of, &source.snapshot, named, environment);
                sources.push(source);
            }
            Err(failure) if !tenants.named => return Err(failure),
            Err(failure) => {
                output::warn(environment, &tenant.says(&failure.message));
                worst = worst.max(failure.exit);
            }
        }
    }
    if sources.is_empty() {
        return Ok(worst);
    }
    let request = Request {
        tables: &arguments.tables,
        format,
        has_tenant: tenants.named,
        mask: arguments.mask,
        language: environment.language,
        out: &arguments.out,
        force: arguments.force,
    };
    let written = export::export(&mut sources, &request).map_err(|error| match error {
        ExportError::Store(error) => error.into(),
        error => Failure::usage(error.message()),
    })?;
    let language = environment.language;
    for file in written {
        let rows = formatting::count(language, file.rows, "行", "row", "rows");
        output::print(&format!("{}  {rows}  {}\n", file.table, file.path.display()))?;
    }
    Ok(worst)
}

fn open(tenant: &Tenant, arguments: &Arguments) -> Result<Source, Failure> {
    let schema = pipeline::schema_of(tenant.job.as_ref())?;
    Ok(Source::open(&tenant.name, &tenant.database, arguments.as_of, schema)?)
}

fn by_name(out: &Path) -> Result<export::Format, Failure> {
    let end = out.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "csv" => Ok(export::Format::Csv),
        "xlsx" => Ok(export::Format::Xlsx),
        "parquet" => Ok(export::Format::Parquet),
        "db" | "sqlite" | "sqlite3" => Ok(export::Format::Sqlite),
        _ => {
            let out = out.display();
            Err(Failure::usage(Message::new(
                format!("由 {out} 看不出格式；请加 --format csv、xlsx、parquet 或 sqlite"),
                format!(
                    "{out} does not tell the format; add --format csv, xlsx, parquet or sqlite"
                ),
            )))
        }
    }
}
