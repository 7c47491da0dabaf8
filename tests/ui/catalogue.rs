//! That the ui cases are complete: every attribute is used, every sentence is shown.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const DERIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../session-derive");
const UI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ui");

/// The text of all files below, by extension.
fn texts(folder: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(texts(&path, extension));
        } else if path.extension().is_some_and(|of_path| of_path == extension) {
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            found.push((path, text));
        }
    }
    found
}

/// The names in the first columns of the tables of attributes.
fn documented() -> BTreeSet<String> {
    let docs = fs::read_to_string(format!("{DERIVE}/docs/attributes.md")).expect("it is there");
    let (attributes, _) = docs.split_once("# Accessors").expect("it has that chapter");
    let rows = attributes.lines().filter_map(|line| line.strip_prefix("| `"));
    let name =
        |row: &str| row.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
    rows.filter_map(name).collect()
}

#[test]
fn rule_4_every_attribute_has_a_case_that_compiles_and_one_that_does_not() {
    let pass = texts(&Path::new(UI).join("pass"), "rs");
    let fail = texts(&Path::new(UI).join("fail"), "stderr");
    let documented = documented();
    assert_eq!(documented.len(), 22, "all attributes, `valid` once");
    for name in documented {
        let used = pass
            .iter()
            .flat_map(|(_, text)| text.lines())
            .any(|line| line.contains("session(") && words(line).any(|word| word == name));
        assert!(used, "no pass case uses `{name}`");
        let refused = fail.iter().any(|(_, text)| text.contains(&format!("`{name}`")));
        assert!(refused, "no fail case speaks of `{name}`");
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Every text of the macro that looks like a sentence must be in a `.stderr`: what is between its
/// placeholders, piece by piece.
#[test]
fn rule_5_every_sentence_of_the_macro_has_a_case() {
    let shown: String =
        texts(&Path::new(UI).join("fail"), "stderr").into_iter().map(|(_, text)| text).collect();
    let mut missing = Vec::new();
    let mut sentences = 0;
    for (path, source) in texts(&Path::new(DERIVE).join("src"), "rs") {
        if path.ends_with("tests.rs") || path.ends_with("lib.rs") || path.ends_with("ctxt.rs") {
            continue;
        }
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for literal in literals(code) {
            if literal.split(' ').count() < 4
                || path.components().any(|part| part.as_os_str() == "expand")
            {
                continue;
            }
            sentences += 1;
            for piece in literal.split(['{', '}']).step_by(2).map(str::trim) {
                if piece.split(' ').count() > 1 && !shown.contains(piece) {
                    missing.push(format!("{}: {piece}", path.display()));
                }
            }
        }
    }
    assert!(sentences > 50, "only {sentences} sentences found");
    assert!(missing.is_empty(), "no case shows:\n{}", missing.join("\n"));
}

/// The string literals of Rust code, unescaped, comments left out.
fn literals(code: &str) -> Vec<String> {
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut literals = Vec::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find('"') {
        let raw = rest[..start].ends_with("r#");
        let character = rest[..start].ends_with('\'') && rest[start..].starts_with("\"'");
        rest = &rest[start + 1..];
        if character {
            continue;
        }
        let mut literal = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if raw && !rest[at..].starts_with("\"#") => literal.push(c),
                '"' => {
                    rest = &rest[at + 1..];
                    break;
                }
                '\\' if !raw => match chars.next() {
                    Some((_, '\n')) => {
                        let skipped = chars.as_str().len() - chars.as_str().trim_start().len();
                        chars.nth(skipped.saturating_sub(1));
                    }
                    Some((_, escaped)) => literal.push(escaped),
                    None => break,
                },
                _ => literal.push(c),
            }
        }
        literals.push(literal);
    }
    literals
}
