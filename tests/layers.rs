//! Imports run one way: a module of the library uses only modules above it in `lib.rs`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The modules of the library in the order of `lib.rs`.
fn modules(lib: &str) -> Vec<&str> {
    lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect()
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// What is wrong with the imports of one file that belongs to `module`.
fn faults(modules: &[&str], module: &str, text: &str) -> Vec<String> {
    let place = |name: &str| modules.iter().position(|m| *m == name);
    let Some(own) = place(module) else { return vec![format!("{module} is not in lib.rs")] };
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut faults = Vec::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let used: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            match place(&used) {
                Some(used) if used <= own => {}
                Some(_) => faults.push(format!("{module} imports {used}, which stands below it")),
                None => faults.push(format!("{module} imports `crate::{rest}`: name the module")),
            }
        }
    }
    faults
}

#[test]
fn the_library_imports_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let modules = modules(&lib);
    assert!(modules.len() > 10, "lib.rs lists its modules one a line: {modules:?}");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut all = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        // The binary may use everything; nothing of the library can name it.
        if ["main.rs", "lib.rs", "cli"].contains(&first) {
            continue;
        }
        let module = first.trim_end_matches(".rs");
        let text = fs::read_to_string(&file).unwrap();
        all.extend(
            faults(&modules, module, &text)
                .into_iter()
                .map(|f| format!("{}: {f}", inside.display())),
        );
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_planted_back_edge_is_found() {
    let modules = ["model", "parse", "rules"];
    let cases = [
        ("parse", "use crate::model::Feed;", true),
        ("parse", "use crate::parse::cast;", true),
        ("parse", "use crate::rules::Rule;", false),
        ("parse", "    let x = crate::rules::find();", false),
        ("parse", "use crate::{model::Feed, rules::Rule};", false),
        ("parse", "// see crate::rules", true),
        ("unlisted", "", false),
    ];
    for (module, text, clean) in cases {
        assert_eq!(faults(&modules, module, text).is_empty(), clean, "{module}: {text}");
    }
}

#[test]
fn no_room_without_a_subject_and_no_file_over_the_cap() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let vague = ["util", "utils", "helpers", "common", "misc", "types"];
        assert!(!vague.contains(&stem), "{}", file.display());
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not say its subject", file.display());
        // The cap is a soft one; twice as much is not.
        assert!(
            text.lines().count() <= 600,
            "{} has {} lines",
            file.display(),
            text.lines().count()
        );
    }
}
