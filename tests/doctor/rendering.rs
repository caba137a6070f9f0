//! The checklist as text, page and Markdown.

use std::fs;
use std::process::Command;

#[test]
fn a_checklist_is_text_page_and_markdown_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let job = "tenant = \"00010001\"\nname = \"示例<b>人寿\"\n[source]\nkind = \"dir\"\npath = \"nowhere\"\n";
    fs::write(folder.path().join("x.toml"), job).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_orgsnap"))
            .current_dir(folder.path())
            .env_remove("ORGSNAP_DATA")
            .args(["doctor", "x.toml"])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (language, failed, advice, who) in
        [("zh", "失败", "处理", "保险公司"), ("en", "failed", "to do", "the insurer (保险公司)")]
    {
        let (code, text) = run(&["--lang", language, "--html", "page.html"]);
        assert_eq!(code, Some(3));
        let line = text.lines().find(|line| line.starts_with("五.5")).unwrap();
        assert!(line.contains(failed), "{line}");
        assert!(text.contains(advice) && text.contains(who), "{text}");
        let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
        assert!(
            page.contains("示例&#60;b&#62;人寿") || page.contains("示例&lt;b&gt;人寿"),
            "{page}"
        );
        assert!(!page.contains("<b>人寿") && !page.contains("http://"), "it loads nothing");
        assert!(page.contains(&format!("<span class=\"state\">{failed}</span>")), "{page}");
        let (_, markdown) = run(&["--lang", language, "--markdown"]);
        assert!(markdown.contains("## 示例\\<b\\>人寿"), "{markdown}");
        let line = markdown.lines().find(|line| line.contains("五.5")).unwrap();
        assert!(line.starts_with("- [ ] **五.5") && line.contains(failed), "{line}");
        assert!(markdown.lines().any(|line| line.starts_with("- [x] **0.2")), "{markdown}");
    }
    // A job file is no page.
    fs::write(folder.path().join("other.toml"), "tenant = \"t\"\n").unwrap();
    assert_eq!(run(&["--html", "other.toml"]).0, Some(2));
    assert_eq!(fs::read(folder.path().join("other.toml")).unwrap(), b"tenant = \"t\"\n");
    let (code, _) = run(&["--html", "data/page.html"]);
    assert_eq!(code, Some(2), "nothing is written into the data folder");
}
