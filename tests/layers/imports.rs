//! Which file of the crate imports which: read from `use` declarations and from paths in the code.
//!
//! An import counts for the file that defines the item: `use super::X`, where the parent itself imports `X` from
//! another file, is an import of that file, and so is `a::X` after `use crate::a`. A `mod` declaration is no import.

use std::collections::{BTreeMap, BTreeSet};

/// Names below the root of the crate, such as `["fetch", "deadline"]`.
type Path = Vec<String>;

/// The files of a crate and their imports.
pub(super) struct Files {
    /// Name of the file by its module.
    names: BTreeMap<Path, String>,
    /// Importing file, imported file.
    imports: BTreeSet<(String, String)>,
}

impl Files {
    /// Of the files of `src/`, each by its path below it, with its text.
    pub(super) fn new(source: &[(String, String)]) -> Files {
        let names: BTreeMap<Path, String> =
            source.iter().map(|(name, _)| (module_of(name), name.clone())).collect();
        let used: BTreeMap<&String, Uses> =
            source.iter().map(|(name, text)| (name, Uses::of(&names, name, text))).collect();
        let mut imports = BTreeSet::new();
        for (name, uses) in &used {
            for path in &uses.paths {
                if let Some(file) = defining_file(&names, &used, path.clone())
                    && file != name.as_str()
                {
                    imports.insert(((*name).clone(), file.to_owned()));
                }
            }
        }
        Files { names, imports }
    }

    /// Importing file, imported file; no file imports itself.
    pub(super) fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        self.imports.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// The top-level module of a file.
    pub(super) fn top_level<'n>(&self, file: &'n str) -> &'n str {
        file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
    }
}

/// `fetch/mod.rs` and `fetch.rs` are both the module `fetch`; `lib.rs` is the root.
fn module_of(name: &str) -> Path {
    let mut path: Path = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod" || last == "lib") {
        path.pop();
    }
    path
}

/// What a file uses: absolute paths, and what names it gives to them.
struct Uses {
    paths: BTreeSet<Path>,
    aliases: BTreeMap<String, Path>,
}

/// The file that defines the item of a path; `None` if it is not of this crate.
fn defining_file<'n>(
    names: &'n BTreeMap<Path, String>,
    used: &BTreeMap<&String, Uses>,
    mut path: Path,
) -> Option<&'n str> {
    // Re-exports of re-exports are followed so far.
    for _ in 0..8 {
        let depth = (0..=path.len()).rev().find(|n| names.contains_key(&path[..*n]))?;
        let file = &names[&path[..depth]];
        let alias = path.get(depth).and_then(|item| used[file].aliases.get(item));
        match alias {
            Some(target) if !path.starts_with(target) => {
                path = target.iter().chain(&path[depth + 1..]).cloned().collect();
            }
            _ => return Some(file),
        }
    }
    None
}

impl Uses {
    fn of(names: &BTreeMap<Path, String>, file: &str, text: &str) -> Uses {
        let tokens = tokens(text);
        let mut uses = Uses { paths: BTreeSet::new(), aliases: BTreeMap::new() };
        let module = module_of(file);
        // The modules inside the file that the token stands in, each with the depth of its braces.
        let mut inside: Vec<(String, usize)> = Vec::new();
        // Paths that begin with a name of this file; the declaration of the name may follow.
        let mut through_names: Vec<Path> = Vec::new();
        let (mut depth, mut at) = (0, 0);
        while at < tokens.len() {
            let here: Path =
                module.iter().cloned().chain(inside.iter().map(|(name, _)| name.clone())).collect();
            match tokens[at].as_str() {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    inside.retain(|(_, opened)| *opened <= depth);
                }
                "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => {
                    inside.push((tokens[at + 1].clone(), depth + 1));
                    at += 2;
                    depth += 1;
                }
                // `pub(in crate::fetch)` grants and does not import.
                "pub" if tokens.get(at + 1).is_some_and(|token| token == "(") => {
                    at += tokens[at..].iter().position(|token| token == ")").unwrap_or(0);
                }
                "use" => {
                    let end = at + tokens[at..].iter().position(|t| t == ";").unwrap_or(0);
                    for (path, alias) in use_tree(&tokens[at + 1..end]) {
                        if let Some(path) = absolute(names, &here, &path) {
                            if inside.is_empty() {
                                uses.aliases.insert(alias, path.clone());
                            }
                            uses.paths.insert(path);
                        }
                    }
                    at = end;
                }
                token if is_name(token) && tokens[..at].last().is_none_or(|t| t != "::") => {
                    let mut path = vec![token.to_owned()];
                    while tokens.get(at + 1).is_some_and(|token| token == "::")
                        && tokens.get(at + 2).is_some_and(|token| is_name(token))
                    {
                        path.push(tokens[at + 2].clone());
                        at += 2;
                    }
                    if path.len() > 1 {
                        match absolute(names, &here, &path) {
                            Some(path) => _ = uses.paths.insert(path),
                            None => through_names.push(path),
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
        for path in through_names {
            if let Some(target) = uses.aliases.get(&path[0]) {
                uses.paths.insert(target.iter().chain(&path[1..]).cloned().collect());
            }
        }
        uses
    }
}

/// A path as written in the module `here`, from the root of the crate; `None` for other crates.
fn absolute(names: &BTreeMap<Path, String>, here: &[String], written: &[String]) -> Option<Path> {
    let first = written.first()?;
    let supers = written.iter().take_while(|name| *name == "super").count();
    let (base, rest): (&[String], &[String]) = match first.as_str() {
        "crate" | "orgsnap" => (&[], &written[1..]),
        "self" => (here, &written[1..]),
        "super" => (&here[..here.len().checked_sub(supers)?], &written[supers..]),
        _ => (here, written),
    };
    let path: Path = base.iter().chain(rest).cloned().collect();
    let relative =
        base.len() == here.len() && first != "self" && first != "crate" && first != "orgsnap";
    // Without a prefix only a child module is meant.
    (!relative || supers > 0 || names.contains_key(&path[..base.len() + 1])).then_some(path)
}

/// The paths of a `use` declaration with the names that they get.
fn use_tree(tokens: &[String]) -> Vec<(Path, String)> {
    let mut found = Vec::new();
    let mut prefix: Path = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                let mut depth = 0;
                let mut start = at + 1;
                for (i, token) in tokens.iter().enumerate().skip(at) {
                    match token.as_str() {
                        "{" => depth += 1,
                        "}" => depth -= 1,
                        _ => {}
                    }
                    if (depth == 1 && token == ",") || (depth == 0 && token == "}") {
                        for (path, alias) in use_tree(&tokens[start..i]) {
                            let whole: Path = prefix.iter().cloned().chain(path).collect();
                            found.push((whole, alias));
                        }
                        start = i + 1;
                    }
                }
                return found;
            }
            "as" => {
                let alias = tokens.get(at + 1).cloned().unwrap_or_default();
                return vec![(prefix, alias)];
            }
            "::" => {}
            "self" if !prefix.is_empty() => {}
            name => prefix.push(name.to_owned()),
        }
        at += 1;
    }
    if let Some(last) = prefix.last().cloned() {
        found.push((prefix, last));
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single characters, without comments, texts and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    let find = |from: usize, end: &dyn Fn(usize) -> bool| (from..chars.len()).find(|i| end(*i));
    while at < chars.len() {
        let rest = |n: usize| chars.get(at + n).copied().unwrap_or('\0');
        match chars[at] {
            '/' if rest(1) == '/' => at = find(at, &|i| chars[i] == '\n').unwrap_or(chars.len()),
            'r' if rest(1) == '"' || (rest(1) == '#' && (rest(2) == '"' || rest(2) == '#')) => {
                let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
                let closes = |i: usize| {
                    chars[i] == '"'
                        && (1..=hashes).all(|n| chars.get(i + n).is_some_and(|c| *c == '#'))
                };
                let end = find(at + hashes + 2, &closes).unwrap_or(chars.len());
                at = end + hashes + 1;
            }
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            '\'' if rest(1) == '\\' => {
                at = find(at + 3, &|i| chars[i] == '\'').map_or(chars.len(), |i| i + 1);
            }
            '\'' if rest(2) == '\'' => at += 3,
            ':' if rest(1) == ':' => {
                tokens.push("::".to_owned());
                at += 2;
            }
            c if c.is_alphanumeric() || c == '_' => {
                let end = find(at, &|i| !(chars[i].is_alphanumeric() || chars[i] == '_'));
                let end = end.unwrap_or(chars.len());
                tokens.push(chars[at..end].iter().collect());
                at = end;
            }
            c if c.is_whitespace() => at += 1,
            c => {
                tokens.push(c.to_string());
                at += 1;
            }
        }
    }
    tokens
}

/// One circle of each set of files that import each other, from its first file to itself again.
pub(super) fn cycles(files: &Files) -> Vec<Vec<String>> {
    let mut targets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in files.imports() {
        targets.entry(from).or_default().insert(to);
    }
    let mut found = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in files.names.values() {
        if seen.contains(start.as_str()) {
            continue;
        }
        if let Some(circle) = shortest_way_back(&targets, start) {
            seen.extend(circle.iter().copied());
            found.push(circle.into_iter().map(str::to_owned).collect());
        }
    }
    found
}

/// The shortest way from a file over its imports to itself.
fn shortest_way_back<'f>(
    targets: &BTreeMap<&'f str, BTreeSet<&'f str>>,
    start: &'f str,
) -> Option<Vec<&'f str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in targets.get(file).into_iter().flatten().copied() {
            if next == start {
                let mut way = vec![start, file];
                let mut at = file;
                while at != start {
                    at = came_from[at];
                    way.push(at);
                }
                if file == start {
                    way.pop();
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}
