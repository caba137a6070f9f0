//! The machine: its time zone, the disk of the data folder, and who may read what.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{FixedOffset, Offset as _};
use rustix::fs::{Access, access};

use crate::config::job::Job;
use crate::disk::{free_bytes, keeps_files};
use crate::model::{Message, system_reason};
use crate::report::formatting::size;

use super::step::{Step, joined};
use super::subject::Subject;
use super::surroundings::Surroundings;

/// Least free space for a job whose files are not known: databases and archives grow from the first night.
const LEAST_FREE: u64 = 1 << 30;
/// Free space as a multiple of a delivery: the download, its archive, the database and its log.
const DELIVERIES: u64 = 6;

/// The time zone. The schedule and business dates follow that of the job, so that another one of the machine is no fault.
pub(super) fn time_zone(around: &Surroundings<'_>, job: Option<&Job>) -> Step {
    let machine = around.offset;
    let Some(job) = job else {
        return Step::ok(
            Subject::TimeZone,
            Message::new(
                format!("本机 UTC{machine}；任务按各自的 timezone 运行"),
                format!("this machine: UTC{machine}; jobs run by their own timezone"),
            ),
        );
    };
    let zone = job.timezone;
    let of_job = around.now.with_timezone(&zone).offset().fix();
    let same: fn(FixedOffset, FixedOffset) -> bool = |one, other| one == other;
    Step::ok(
        Subject::TimeZone,
        match same(machine, of_job) {
            true => Message::new(
                format!("任务 {zone}（UTC{of_job}），与本机一致"),
                format!("the job: {zone} (UTC{of_job}), as this machine"),
            ),
            false => Message::new(
                format!(
                    "任务 {zone}（UTC{of_job}），本机 UTC{machine}；运行时间和业务日期以任务为准，系统日志和 cron 以本机为准"
                ),
                format!(
                    "the job: {zone} (UTC{of_job}), this machine: UTC{machine}; runs and business dates follow the job, logs of \
                 the system and cron follow the machine"
                ),
            ),
        },
    )
}

/// The data folder and the space on its disk. `delivery` is the size of one, where it is known.
pub(super) fn disk(data: &Path, delivery: Option<u64>) -> Step {
    let shown = data.display();
    let place = existing(data);
    if place.is_file() {
        return Step::failed(
            Subject::Disk,
            Message::new(
                format!("{} 是文件，不是目录", place.display()),
                format!("{} is a file and no folder", place.display()),
            ),
            Message::fixed(
                "请用 --data 或 ORGSNAP_DATA 指定数据目录",
                "name the data folder with --data or ORGSNAP_DATA",
            ),
        );
    }
    let needed =
        delivery.map_or(LEAST_FREE, |bytes| LEAST_FREE.max(bytes.saturating_mul(DELIVERIES)));
    match free_bytes(&place) {
        Err(error) => Step::failed(Subject::Disk, error.message(), check_folder()),
        Ok(free) if free < needed => Step::failed(
            Subject::Disk,
            Message::new(
                format!("{shown} 所在磁盘只剩 {}，至少需要 {}", size(free), size(needed)),
                format!(
                    "the disk of {shown} has {} free, of {} that are needed",
                    size(free),
                    size(needed)
                ),
            ),
            Message::fixed(
                "请腾出空间，或把数据目录移到更大的磁盘（--data），或用 [archive] keep 限制归档",
                "free some space, move the data folder to a larger disk (--data), or bound the archive with [archive] keep",
            ),
        ),
        Ok(free) => Step::ok(
            Subject::Disk,
            Message::new(
                format!("{shown}，剩余 {}", size(free)),
                format!("{shown}, {} free", size(free)),
            ),
        ),
    }
}

fn check_folder() -> Message {
    Message::fixed(
        "请检查数据目录的路径和权限，或用 --data 另行指定",
        "check the path and the permissions of the data folder, or name another with --data",
    )
}

/// The folder, or the nearest one above it that is there.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().find(|place| place.exists()).map(Path::to_owned);
    found.unwrap_or_else(|| PathBuf::from("/"))
}

/// Whether this user can write to the data folder and nobody else can read it, nor the files of secrets.
pub(super) fn permissions(data: &Path, job: Option<(&Path, &Secrets)>) -> Step {
    let mut faults = Vec::new();
    let place = existing(data);
    let shown = place.display();
    if let Err(error) = access(&place, Access::WRITE_OK | Access::EXEC_OK) {
        let reason = system_reason(&error.into());
        faults.push(Message::new(
            format!("当前用户无法写入 {shown}：{}", reason.zh),
            format!("this user cannot write to {shown}: {}", reason.en),
        ));
    }
    if !place.is_dir() || keeps_files(&place).is_ok_and(|keeps| !keeps) {
        let wanted = data.display();
        faults.push(Message::new(
            format!("无法在 {shown} 下创建 {wanted}：那里不能存放文件"),
            format!("{wanted} cannot be made in {shown}, which keeps no files"),
        ));
    }
    if data.is_dir() {
        faults.extend(open_to_others(data));
    }
    if let Some((path, secrets)) = job {
        faults.extend(secrets.files.iter().filter_map(|file| open_to_others(file)));
        if secrets.has_literal {
            faults.extend(open_to_others(path));
        }
    }
    match faults.is_empty() {
        true => Step::ok(
            Subject::Permissions,
            match data.is_dir() {
                true => Message::fixed(
                    "数据目录可写，其他用户无法读取",
                    "the data folder can be written to, and read by nobody else",
                ),
                false => Message::fixed(
                    "数据目录将在首次运行时创建，只有当前用户可读",
                    "the data folder is made by the first run, for this user alone",
                ),
            },
        ),
        false => Step::failed(
            Subject::Permissions,
            joined(&faults, "；", "; "),
            Message::fixed(
                "请以运行 orgsnap 的用户执行本命令，用 --data 指定可写的目录，并收紧权限：目录 chmod 700，密钥文件 chmod 600",
                "run this as the user that runs orgsnap, name a folder that can be written to with --data, and close what is open: chmod 700 for folders, chmod 600 for files of secrets",
            ),
        ),
    }
}

/// What of a job is secret, and where it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets {
    /// The files that hold secrets.
    pub(super) files: Vec<PathBuf>,
    /// Whether the job file holds one itself.
    pub(super) has_literal: bool,
}

/// The fault of a file or folder of personal data or secrets that others may read.
fn open_to_others(path: &Path) -> Option<Message> {
    // One that cannot be looked at is told by whoever needs it.
    let metadata: Metadata = path.metadata().ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = if metadata.is_dir() { 0o077 } else { 0o007 };
    // A secret of a service manager belongs to root and may be read by a group.
    let open =
        mode & others != 0 || (metadata.is_file() && metadata.uid() != 0 && mode & 0o070 != 0);
    open.then(|| {
        let shown = path.display();
        Message::new(
            format!("其他用户可以读取 {shown}（权限 {mode:o}）"),
            format!("others can read {shown} (mode {mode:o})"),
        )
    })
}
