//! Deliveries, folders and databases that cannot be used: each is told in both languages, ends with the right
//! exit code, and leaves the last snapshot as it was.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::{Workspace, clean, date, dump, orgsnap, output};

const AGENTS: &str = "temp_agent.txt";

/// Imports what `damage` makes of the second day, in both languages, and sees that the first day stands.
fn stands_after(what: &str, damage: impl Fn(&Path), code: i32, words: [&str; 2]) {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0), "{what}");
    let before = workspace.dump();
    let folder = workspace.deliver(23, 300, Defects::None);
    damage(&folder);
    for (language, words) in ["zh", "en"].into_iter().zip(words) {
        let output =
            workspace.run(&["import", "job.toml", "--date", "2024-11-23", "--lang", language]);
        assert_eq!(output.code, Some(code), "{what}: {output:?}");
        let all = format!("{}{}", output.out, output.err);
        assert!(all.contains(words), "{what}: {words}: {all}");
        assert!(!all.contains("panic at"), "{what}: {all}");
    }
    assert!(workspace.dump() == before, "{what}: the snapshot changed");
    let _ = fs::remove_dir_all(folder);
    workspace.deliver(23, 300, Defects::None);
    assert_eq!(workspace.import(23).code, Some(0), "{what}: the corrected delivery");
}

#[test]
fn files_that_are_no_delivery_are_refused_and_leave_the_snapshot() {
    let agents = |change: fn(Vec<u8>) -> Vec<u8>| {
        move |folder: &Path| {
            let path = folder.join(AGENTS);
            fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
        }
    };
    stands_after(
        "a missing file",
        |f| fs::remove_file(f.join(AGENTS)).unwrap(),
        3,
        ["批次中缺少 temp_agent.txt", "temp_agent.txt is not in the delivery"],
    );
    stands_after(
        "no file at all",
        |f| fs::remove_dir_all(f).unwrap(),
        4,
        ["没有任何数据文件", "none of the files"],
    );
    stands_after("an empty file", agents(|_| Vec::new()), 3, ["没有内容", "no content"]);
    stands_after(
        "blank lines alone",
        agents(|_| b"\r\n \n\n".to_vec()),
        3,
        ["没有内容", "no content"],
    );
    stands_after(
        "a header and no record",
        agents(|bytes| bytes.split_inclusive(|b| *b == b'\n').next().unwrap().to_vec()),
        3,
        ["只有表头", "has a header and no record"],
    );
    stands_after(
        "a header without the key",
        agents(|bytes| [b"number".as_slice(), &bytes[2..]].concat()),
        3,
        ["没有必填字段 id", "lacks the required field id"],
    );
    stands_after(
        "a binary file",
        |f| assert!(fs::copy(orgsnap(), f.join(AGENTS)).is_ok()),
        3,
        ["不是可识别的文本", "no text in a known encoding"],
    );
    stands_after(
        "a text that is no table",
        agents(|_| "春眠不觉晓，处处闻啼鸟。\n".repeat(50).into_bytes()),
        3,
        ["找不到合适的分隔符", "no delimiter fits"],
    );
    stands_after(
        "a file of 5 GB",
        |f| File::create(f.join(AGENTS)).unwrap().set_len(5 << 30).unwrap(),
        3,
        ["超过上限 4294967296 字节", "over the limit of 4294967296 bytes"],
    );
    stands_after(
        "a folder in the place of a file",
        |f| {
            fs::remove_file(f.join(AGENTS)).unwrap();
            fs::create_dir(f.join(AGENTS)).unwrap();
        },
        2,
        ["不是普通文件", "not a regular file"],
    );
    stands_after(
        "half the agents",
        agents(|bytes| {
            let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            lines[..lines.len() / 2].concat()
        }),
        3,
        ["超过上限", "over the limit"],
    );
}

/// The program as a user who owns nothing, where the tests run as root; as itself elsewhere.
fn unprivileged(workspace: &Workspace, arguments: &[&str]) -> Option<Command> {
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if !is_root {
        return Some(workspace.command(arguments));
    }
    // The folder of a test is closed to others, and so may be the one that the program lies in.
    let program = workspace.path("orgsnap");
    if !program.exists() {
        fs::copy(orgsnap(), &program).unwrap();
    }
    fs::set_permissions(workspace.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = clean("setpriv", workspace.folder.path());
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).args(arguments);
    match clean("setpriv", workspace.folder.path()).args(["--reuid=65534", "true"]).status() {
        Ok(status) if status.success() => Some(command),
        _ => {
            eprintln!(
                "skipped: what a user may not read, because root may all and cannot change here"
            );
            None
        }
    }
}

#[test]
fn unreadable_and_unwritable_folders_give_exit_codes_and_leave_the_snapshot() {
    let workspace = Workspace::new();
    let delivery = workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let before = workspace.dump();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let expect = |arguments: &[&str], code, words: [&str; 2]| {
        for (language, words) in ["zh", "en"].into_iter().zip(words) {
            let arguments = [arguments, &["--lang", language]].concat();
            let Some(mut command) = unprivileged(&workspace, &arguments) else { return };
            let output = output(command.output().unwrap());
            assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
            assert!(output.err.contains(words), "{arguments:?}: {output:?}");
        }
    };
    mode(&delivery, 0o000);
    expect(
        &["check", "in/20241122"],
        2,
        ["没有权限读取 in/20241122", "no permission to read in/20241122"],
    );
    mode(&delivery, 0o755);
    mode(&delivery.join(AGENTS), 0o000);
    expect(&["check", "in/20241122"], 2, ["没有权限读取", "no permission to read"]);
    mode(&delivery.join(AGENTS), 0o644);
    // The data folder is another's.
    mode(&workspace.path("data"), 0o755);
    mode(&workspace.path("data/t"), 0o555);
    mode(&workspace.path("data/t/lock"), 0o444);
    mode(&workspace.database(), 0o444);
    expect(&["import", "job.toml", "--date", "2024-11-22"], 2, ["没有权限", "permission denied"]);
    expect(&["import", "job.toml", "--data", "new"], 2, ["没有权限", "permission denied"]);
    // Reading it is allowed.
    if let Some(mut command) = unprivileged(&workspace, &["tree", "organ"]) {
        let output = output(command.output().unwrap());
        assert_eq!(output.code, Some(0), "{output:?}");
    }
    mode(&workspace.path("data/t"), 0o755);
    assert!(workspace.dump() == before, "the snapshot changed");
}

/// Runs a shell script in mounts of its own; `None` where that is not allowed.
fn with_mounts(workspace: &Workspace, script: &str) -> Option<super::CommandOutput> {
    let mut command = clean("unshare", workspace.folder.path());
    command.args(["--map-root-user", "--mount", "sh", "-euc", script]).env("ORGSNAP", orgsnap());
    let allowed = "mkdir -p mnt && mount -t tmpfs -o size=64k tmpfs mnt";
    let try_out = clean("unshare", workspace.folder.path())
        .args(["--map-root-user", "--mount", "sh", "-euc", allowed])
        .output();
    if !try_out.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: read-only and full disks, because nothing can be mounted here");
        return None;
    }
    Some(output(command.output().unwrap()))
}

#[test]
fn a_data_folder_on_a_read_only_disk_leaves_the_snapshot() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    workspace.deliver(23, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let before = workspace.dump();
    for (language, words) in [("zh", "只读"), ("en", "read-only")] {
        let script = format!(
            "mount --bind data data && mount -o remount,bind,ro data\n\
             exec \"$ORGSNAP\" import job.toml --date 2024-11-23 --lang {language}"
        );
        let Some(output) = with_mounts(&workspace, &script) else { return };
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains(words), "{output:?}");
    }
    assert!(workspace.dump() == before, "the snapshot changed");
}

#[test]
fn a_disk_that_fills_up_at_any_stage_leaves_the_old_or_the_new_snapshot() {
    let workspace = Workspace::new();
    workspace.deliver(22, 3_000, Defects::None);
    workspace.deliver(23, 3_000, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let before = workspace.dump();
    let mut published = 0;
    // So many KiB are free: the archive does not fit, the journal does not, the report does not, all fits.
    for free in [0, 20, 60, 150, 300, 700, 1_500, 20_000] {
        let script = format!(
            "rm -rf out; mount -t tmpfs -o size=64m tmpfs mnt; cp -a data mnt/\n\
             dd if=/dev/zero of=mnt/fill bs=64k >/dev/null 2>&1 || true\n\
             truncate -s -{free}K mnt/fill\n\
             code=0; \"$ORGSNAP\" import job.toml --date 2024-11-23 --data mnt/data || code=$?\n\
             rm mnt/fill; cp -a mnt/data out; exit $code"
        );
        let Some(output) = with_mounts(&workspace, &script) else { return };
        let database = workspace.path("out/t/org.db");
        let whole: String = Connection::open(&database)
            .unwrap()
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok", "{free} KiB free");
        match output.code {
            Some(0) => {
                published += 1;
                assert!(dump(&database) != before, "{free} KiB free");
            }
            code => {
                assert_eq!(code, Some(2), "{free} KiB free: {output:?}");
                assert!(output.err.contains("已满"), "{free} KiB free: {output:?}");
                // Only a report that no longer fits comes after the publication, and says so.
                let over = output.err.contains("运行已结束");
                assert_eq!(dump(&database) == before, !over, "{free} KiB free: {output:?}");
            }
        }
    }
    assert!((1..8).contains(&published), "{published} of 8: some fit and some do not");
}

#[test]
fn a_database_of_a_newer_orgsnap_is_not_touched() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    Connection::open(workspace.database())
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(workspace.database()).unwrap();
    let day = date(22).to_string();
    for (arguments, language, words) in [
        (&["import", "job.toml", "--date", &day][..], "zh", "请升级 orgsnap"),
        (&["import", "job.toml", "--date", &day], "en", "newer"),
        (&["runs"], "en", "newer"),
        (&["tree", "organ"], "zh", "请升级"),
    ] {
        let output = workspace.run(&[arguments, &["--lang", language]].concat());
        assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
        assert!(output.err.contains(words), "{arguments:?}: {output:?}");
    }
    assert!(fs::read(workspace.database()).unwrap() == before, "the file changed");
}

#[test]
fn chinese_messages_about_arguments_and_job_files_have_no_english_of_libraries() {
    let workspace = Workspace::new();
    fs::write(workspace.path("twice.toml"), "tenant = \"t\"\ntenant = \"t\"\n").unwrap();
    for (arguments, zh, en) in [
        (
            &["import", "job.toml", "--date", "20241122"][..],
            "请写成 2024-11-22",
            "write 2024-11-22",
        ),
        (&["check", "in", "--date", "2024-02-30"], "没有这一天", "there is no such day"),
        (&["sample", "s", "--since", "soon"], "如 2024-11-22", "such as 2024-11-22"),
        (&["sample", "s", "--agents", "many"], "应为不超出范围的整数", "invalid digit"),
        (&["sample", "s", "--churn", "200%"], "应为 0% 到 100% 的比例", "from 0% to 100%"),
        (&["check", "in", "--encoding", "latin1"], "应为 auto、utf-8", "expected auto, utf-8"),
        (&["check", "in", "--delimiter", "\\q"], "没有转义 \\q", "unknown escape"),
        (&["import", "twice.toml"], "同一个键或表写了两次", "duplicate key"),
    ] {
        for (language, said, unsaid) in [("zh", zh, en), ("en", en, zh)] {
            let output = workspace.run(&[arguments, &["--lang", language]].concat());
            assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
            assert!(output.err.contains(said), "{arguments:?}: {output:?}");
            assert!(!output.err.contains(unsaid), "{arguments:?}: {output:?}");
        }
    }
    let rules = workspace.run(&["rules", "--lang", "zh"]).out;
    for (word, term) in [("隔离", "quarantine"), ("不发布", "refuse"), ("断开上级", "detach")]
    {
        assert!(rules.contains(word) && !rules.contains(term), "{rules}");
    }
}
