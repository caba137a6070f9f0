//! `orgsnap backup`: a checked copy of a tenant's database, also while an import runs.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::Args;
use orgsnap::disk::{create_private_file, sync_dir};
use orgsnap::model::Message;
use orgsnap::{store, wecom};

use super::counted_progress::CountedProgress;
use super::destination::check_outside_data;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, tenant};

/// Copy a tenant's database, also while an import runs
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Copy wecom.db in place of org.db
    #[arg(long)]
    wecom: bool,
    /// Copy session.db, the session archive, in place of org.db
    #[arg(long, conflicts_with = "wecom")]
    session: bool,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Makes the copy under another name, and names it once it is checked.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let name = match (arguments.wecom, arguments.session) {
        (true, _) => wecom::store::DATABASE,
        (_, true) => wecom::archive::DATABASE,
        _ => store::DATABASE,
    };
    let (database, file) = (folder.join(name), &arguments.file);
    check_outside_data(file, environment)?;
    check_target(file, arguments.force)?;
    let mut part = OsString::from(file);
    part.push(".part");
    let part = PathBuf::from(part);
    let made = copy(arguments, environment, &database, &part).and_then(|snapshot| {
        let named = File::open(&part)
            .and_then(|copy| copy.sync_all())
            .and_then(|()| fs::rename(&part, file));
        named.map_err(|error| Failure::usage(output::cannot_write(file, &error)))?;
        Ok(snapshot)
    });
    let snapshot = made.inspect_err(|_| {
        // What is left of a copy is none; the first error is the one to report.
        let _ = fs::remove_file(&part);
    })?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_dir(parent.unwrap_or(Path::new("."))).map_err(|e| Failure::usage(e.message()))?;
    output::print(&done(arguments, environment, snapshot))?;
    Ok(Exit::Done)
}

/// The newest snapshot in the copy, where it is one of `org.db` and has any.
type Snapshot = Option<store::SnapshotInfo>;

fn copy(
    arguments: &Arguments,
    environment: &Environment,
    database: &Path,
    part: &Path,
) -> Result<Snapshot, Failure> {
    let mut shown = CountedProgress::new(environment, &arguments.tenant);
    let what = environment.language.choose("备份页数", "pages copied");
    let mut progress = |copied, all| shown.set(copied, all, what);
    if !database.exists() && !arguments.wecom && !arguments.session {
        return Err(store::StoreError::NotFound { path: database.to_path_buf() }.into());
    }
    create_private_file(part)
        .map_err(|error| Failure::usage(output::cannot_write(part, &error.source)))?;
    match (arguments.wecom, arguments.session) {
        (true, _) => {
            wecom::store::backup(database, part, &mut progress)?;
            Ok(None)
        }
        (_, true) => {
            wecom::archive::backup(database, part, &mut progress)?;
            Ok(None)
        }
        _ => Ok(store::backup(database, part, &mut progress)?),
    }
}

/// Refuses a folder, and a file that is there unless it is to be replaced.
fn check_target(file: &Path, force: bool) -> Result<(), Failure> {
    let Ok(found) = file.canonicalize() else { return Ok(()) };
    let shown = file.display();
    if found.is_dir() {
        return Err(Failure::usage(Message::new(
            format!("{shown} 是目录；请指定文件名"),
            format!("{shown} is a folder; name a file"),
        )));
    }
    match force {
        true => Ok(()),
        false => Err(Failure::usage(Message::new(
            format!("{shown} 已存在，未作改动；请换一个文件名，或加 --force 替换"),
            format!(
                "{shown} exists and was left as it is; name another file, or replace it with --force"
            ),
        ))),
    }
}

fn done(arguments: &Arguments, environment: &Environment, snapshot: Snapshot) -> String {
    let (file, language) = (arguments.file.display(), environment.language);
    if arguments.wecom || arguments.session {
        return language.choose(
            format!("已备份到 {file}，完整性检查通过\n"),
            format!("copied to {file}, and the copy is checked\n"),
        );
    }
    match snapshot {
        Some(store::SnapshotInfo { date, run, .. }) => language.choose(
            format!("已备份到 {file}，完整性检查通过；最新快照为 {date}（运行 {run}）\n"),
            format!("copied to {file}, and the copy is checked; its newest snapshot is that of {date} (run {run})\n"),
        ),
        None => language.choose(
            format!("已备份到 {file}，完整性检查通过；其中没有任何快照\n"),
            format!("copied to {file}, and the copy is checked; there is no snapshot in it\n"),
        ),
    }
}
