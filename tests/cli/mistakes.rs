//! Mistakes of someone new to the program: each is named as what it is, in both languages, with the right exit code.

use std::fs;

use orgsnap::sample::{self, Defects, Header, Options};

use super::{Workspace, date};

/// Runs a command in both languages and expects its exit code and the words of each on standard error.
fn expect(workspace: &Workspace, arguments: &[&str], code: i32, words: [&str; 2]) {
    for (language, words) in ["zh", "en"].into_iter().zip(words) {
        let output = workspace.run(&[arguments, &["--lang", language]].concat());
        assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
        assert!(output.err.contains(words), "{arguments:?}: {words}: {output:?}");
    }
}

/// A workspace with a published day.
fn published() -> Workspace {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    workspace
}

/// Makes an empty database for a tenant.
fn empty_database(workspace: &Workspace, tenant: &str) {
    let folder = workspace.path("data").join(tenant);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("org.db"), "").unwrap();
}

#[test]
fn a_sample_overwrites_a_delivery_only_with_force() {
    let workspace = Workspace::new();
    let file = workspace.path("s/temp_principal.txt");
    fs::create_dir(workspace.path("s")).unwrap();
    fs::write(&file, "mine").unwrap();
    fs::write(workspace.path("s/notes.txt"), "mine").unwrap();
    let sample = ["sample", "s", "--agents", "50"];
    let words = [
        "s 中已有 temp_principal.txt，未作改动；请换一个目录，或用 --force 覆盖",
        "s holds temp_principal.txt already and was left as it is",
    ];
    expect(&workspace, &sample, 2, words);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(!workspace.path("s/temp_agent.txt").exists());
    let forced = workspace.run(&[&sample[..], &["--force"]].concat());
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_ne!(fs::read(&file).unwrap(), b"mine");
    // Other files are in nobody's way.
    fs::create_dir(workspace.path("s2")).unwrap();
    fs::write(workspace.path("s2/notes.txt"), "mine").unwrap();
    assert_eq!(workspace.run(&["sample", "s2", "--agents", "50"]).code, Some(0));
}

#[test]
fn a_wrong_header_pin_is_a_fault_of_the_set_up_and_names_its_line() {
    let workspace = Workspace::new();
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    let line = job.lines().count() + 2;
    let options = |header| Options { agents: 300, header, ..Options::new(date(22)) };
    for (header, pinned, zh, en) in [
        (Header::None, "true", "没有表头", "has no header"),
        (Header::Names, "false", "有表头", "has a header"),
        (Header::ChineseTitles, "false", "有表头", "has a header"),
    ] {
        let _ = fs::remove_dir_all(workspace.path("in"));
        sample::write(&options(header), &workspace.path("in/20241122")).unwrap();
        // Another pin that is right is not blamed.
        let pins = format!("header = {pinned}\ndelimiter = \"|\"\n");
        workspace.write("pinned.toml", format!("{job}[format]\n{pins}"));
        for verb in [
            &["import", "pinned.toml", "--date", "2024-11-22"][..],
            &["check", "in/20241122", "--job", "pinned.toml"],
        ] {
            let place = format!("pinned.toml:{line}: header");
            expect(&workspace, verb, 2, [&place, &place]);
            expect(&workspace, verb, 2, [zh, en]);
            let output = workspace.run(verb);
            let all = output.out.clone() + &output.err;
            assert!(!all.contains("F105") && !all.contains("V202"), "{all}");
        }
        // An argument is named as one.
        let argument = ["check", "in/20241122", "--header", pinned];
        expect(&workspace, &argument, 2, ["--header: header 固定为", "--header: header is pinned"]);
        // The right value, or none, reads the delivery.
        let right = if pinned == "true" { "false" } else { "true" };
        for more in [&["--header", right][..], &[]] {
            let output = workspace.run(&[&["check", "in/20241122"][..], more].concat());
            assert_eq!(output.code, Some(0), "{header:?} {more:?}: {output:?}");
        }
    }
}

#[test]
fn a_folder_on_the_command_line_that_is_none_is_named_with_its_argument() {
    let workspace = published();
    for (arguments, named) in [
        (&["check", "X"][..], "check X"),
        (&["check", "in/20241122", "--against", "X"], "--against X"),
        (&["import", "job.toml", "--from", "X"], "--from X"),
    ] {
        for (folder, zh, en) in [
            ("absent", "目录不存在，请核对路径", "no such folder; check the path"),
            ("job.toml", "是文件，不是目录", "it is a file and no folder"),
        ] {
            let arguments: Vec<&str> =
                arguments.iter().map(|a| if *a == "X" { folder } else { *a }).collect();
            let named = named.replace('X', folder);
            let (zh, en) = (format!("{named}：{zh}"), format!("{named}: {en}"));
            expect(&workspace, &arguments, 2, [&zh, &en]);
        }
    }
    // Nothing is recorded of it.
    let runs = workspace.run(&["runs"]);
    assert_eq!(runs.out.matches("2024-11-22").count(), 1, "{runs:?}");
}

#[test]
fn an_empty_database_is_a_tenant_of_which_nothing_is_published_yet() {
    let workspace = published();
    empty_database(&workspace, "u");
    for (language, words) in
        [("zh", "尚未发布任何快照：u"), ("en", "no snapshot is published yet: u")]
    {
        for arguments in [&["runs"][..], &["runs", "u"]] {
            let output = workspace.run(&[arguments, &["--lang", language]].concat());
            assert_eq!(output.code, Some(0), "{arguments:?}: {output:?}");
            assert!(output.out.contains(words), "{arguments:?}: {output:?}");
            assert_eq!(output.out.contains("2024-11-22"), arguments.len() == 1, "{output:?}");
        }
    }
    let tree = ["tree", "organ", "--tenant", "u"];
    expect(&workspace, &tree, 2, ["尚未发布任何快照", "no snapshot is published yet"]);
    // An import takes the file for a new one.
    workspace.write("u.toml", "tenant = \"u\"\n");
    let import = ["import", "u.toml", "--from", "in/20241122", "--date", "2024-11-22"];
    let metrics = workspace.run(&[&import[..], &["--metrics-file", "m.prom"]].concat());
    assert_eq!(metrics.code, Some(0), "{metrics:?}");
}

#[test]
fn a_broken_database_of_one_tenant_does_not_hide_the_runs_of_the_others() {
    let workspace = published();
    let folder = workspace.path("data/broken");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("org.db"), [7; 4096]).unwrap();
    expect(
        &workspace,
        &["runs"],
        2,
        ["警告: data/broken/org.db 不是 SQLite", "warning: data/broken"],
    );
    let output = workspace.run(&["runs"]);
    assert!(output.out.contains("2024-11-22"), "{output:?}");
    // Asked for by name, it is an error.
    expect(&workspace, &["runs", "broken"], 2, ["错误: ", "error: "]);
    let json = workspace.run(&["runs", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, document["runs"].as_array().unwrap().len()), (Some(2), 1));
}

#[test]
fn an_unknown_tenant_is_answered_with_those_there_are() {
    let workspace = published();
    empty_database(&workspace, "u");
    for arguments in [&["runs", "nosuch"][..], &["tree", "organ", "--tenant", "nosuch"]] {
        let words = [
            "没有租户 nosuch；数据目录中的租户：t、u",
            "there is no tenant nosuch; those of the data folder are t, u",
        ];
        expect(&workspace, arguments, 2, words);
    }
    // Where there is none at all, the first import is missing.
    let arguments = ["runs", "nosuch", "--data", "in"];
    expect(&workspace, &arguments, 2, ["还没有导入过数据", "nothing was imported"]);
}

#[test]
fn nothing_is_said_of_alerts_where_a_job_has_none() {
    let workspace = published();
    let import = ["import", "job.toml", "--date", "2024-11-22", "--data", "job.toml"];
    expect(&workspace, &import, 2, ["不是目录", "not a folder"]);
    for (language, word) in [("zh", "告警"), ("en", "alert")] {
        let output = workspace.run(&[&import[..], &["--lang", language]].concat());
        assert!(!output.err.contains(word), "{output:?}");
        assert_eq!(
            output.err.lines().filter(|line| line.contains("job.toml")).count(),
            1,
            "{output:?}"
        );
    }
}

#[test]
fn paths_that_cannot_be_used_are_named_as_what_they_are() {
    let workspace = published();
    workspace.write(
        "ca.toml",
        "tenant = \"c\"\n[source]\nkind = \"ftps\"\nhost = \"127.0.0.1\"\nport = 1\nusername = \"u\"\n\
         password = { env = \"P\" }\npath = \"/\"\ntls = { ca = \"nowhere.pem\" }\n",
    );
    let check = ["check", "in/20241122"];
    let folder = ["所在目录不存在，请先创建", "its folder does not exist; create it first"];
    let import = ["import", "job.toml", "--date", "2024-11-22"];
    for (arguments, words) in [
        (&["schemas", "job.toml"][..], ["job.toml 是文件，不是目录", "job.toml is a file"]),
        (&[&check[..], &["--output", "no/report.txt"]].concat(), folder),
        (&[&check[..], &["--csv", "no/findings.csv"]].concat(), folder),
        (&[&import[..], &["--metrics-file", "no/m.prom"]].concat(), folder),
    ] {
        expect(&workspace, arguments, 2, words);
    }
    for (language, said, unsaid) in [
        ("zh", "无法读取 nowhere.pem（文件或目录不存在）", "不是 PEM"),
        ("en", "nowhere.pem cannot be read (no such file or folder)", "no PEM"),
    ] {
        let mut command = workspace.command(&["import", "ca.toml", "--lang", language]);
        let output = super::output(command.env("P", "p").output().unwrap());
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains(said) && !output.err.contains(unsaid), "{output:?}");
    }
}

#[test]
fn a_job_file_of_another_encoding_is_named_as_one() {
    let workspace = Workspace::new();
    // "# 保险" in GBK.
    workspace.write("gbk.toml", b"# \xb1\xa3\xcf\xd5\ntenant = \"t\"\n");
    for arguments in [&["import", "gbk.toml"][..], &["config", "gbk.toml"]] {
        let words = [
            "gbk.toml: 文件不是 UTF-8 编码，请另存为 UTF-8",
            "gbk.toml: the file is not UTF-8; save it as UTF-8",
        ];
        expect(&workspace, arguments, 2, words);
    }
}

#[test]
fn the_last_line_has_the_exit_code_of_the_process_and_names_failed_jobs() {
    let workspace = published();
    workspace.write("typo.toml", "tenant = \"t\"\nnmae = \"x\"\n");
    let day = ["--date", "2024-11-22"];
    let late = ["--date", "2024-11-24"];
    let metrics = ["--metrics-file", "no/m.prom"];
    for (arguments, code, line) in [
        ([&["import", "job.toml"][..], &day].concat(), 0, "RESULT published exit=0 run="),
        ([&["import", "job.toml"][..], &day, &metrics].concat(), 2, "RESULT published exit=2 run="),
        (
            [&["import", "job.toml"][..], &late].concat(),
            4,
            "RESULT failed exit=4 tenant=t job=job.toml",
        ),
        (
            [&["import", "job.toml"][..], &late, &metrics].concat(),
            2,
            "RESULT failed exit=2 tenant=t job=job.toml",
        ),
        (vec!["import", "typo.toml"], 2, "RESULT failed exit=2 job=typo.toml"),
        (vec!["check", "absent", "--job", "job.toml"], 2, "RESULT failed exit=2 job=job.toml"),
    ] {
        let output = workspace.run(&arguments);
        assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
        let last = output.out.lines().last().unwrap_or_default();
        assert!(last.starts_with(line), "{arguments:?}: {output:?}");
        assert_eq!(output.out.matches("RESULT ").count(), 1, "{arguments:?}: {output:?}");
    }
    // Of several jobs each has its line, and the gravest is the exit code.
    let several = [&["import", "typo.toml", "job.toml"][..], &day].concat();
    let output = workspace.run(&several);
    let lines: Vec<&str> = output.out.lines().filter(|l| l.starts_with("RESULT")).collect();
    assert_eq!(output.code, Some(2), "{output:?}");
    assert_eq!(lines.len(), 2, "{output:?}");
    assert!(lines[0].starts_with("RESULT failed exit=2 job=typo.toml"), "{output:?}");
    assert!(lines[1].starts_with("RESULT published exit=0"), "{output:?}");
}

#[test]
fn a_date_to_come_is_imported_with_a_warning() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    for (lang, words) in
        [("zh", "--date 2999-11-22 晚于今天"), ("en", "--date 2999-11-22 is later than today")]
    {
        let import = ["import", "job.toml", "--from", "in/20241122", "--lang", lang, "--date"];
        let output = workspace.run(&[&import[..], &["2999-11-22"]].concat());
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.err.contains(words), "{output:?}");
        let past = workspace.run(&[&import[..], &["2024-11-22", "--dry-run"]].concat());
        assert!(!past.err.contains("--date"), "{past:?}");
    }
}
