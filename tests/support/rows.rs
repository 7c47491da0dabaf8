//! The register of behaviours: `tests/behaviours/rows.txt`, the tests that it names, the page that is
//! made of it, and the mutations that its tests must notice.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// A row: what the library does, and which tests show it.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub home: String,
    pub words: String,
    pub tests: Vec<Test>,
}

/// A test, by where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// A function in `tests/behaviours`.
    Here(String),
    /// A function in `tests/faults`.
    Faults(String),
    /// A function beside the code itself, in `session/src/layer`.
    Library(String),
    /// A case in `tests/ui`.
    Ui(String),
}

/// A change of the library that a row's tests must notice.
#[derive(Debug, Clone)]
pub struct Mutation {
    pub row: String,
    /// From the root of the repository.
    pub file: String,
    /// The test target that is to notice it.
    pub target: String,
    pub old: String,
    pub new: String,
}

/// The rows, under their headings, and the mutations.
#[derive(Debug)]
pub struct Register {
    root: PathBuf,
    pub sections: Vec<(String, Vec<Row>)>,
    pub mutations: Vec<Mutation>,
}

/// What the sources have: functions of `both_homes!`, other tests, those of the target `faults`.
#[derive(Default)]
struct Found {
    both: BTreeSet<String>,
    alone: BTreeSet<String>,
    faults: BTreeSet<String>,
    library: BTreeSet<String>,
}

impl Register {
    /// Reads the register of this repository.
    ///
    /// # Errors
    /// When a line is not as the register's first lines say.
    pub fn read(root: &Path) -> Result<Self, String> {
        let text = |name: &str| {
            let path = root.join("tests/behaviours").join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let sections = sections(&text("rows.txt")?)?;
        let mutations = mutations(&text("mutations.txt")?)?;
        Ok(Self { root: root.to_owned(), sections, mutations })
    }

    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|(_, rows)| rows)
    }

    /// What is wrong: a row without a test or a mutation, a test that is not there or in no row, a
    /// mutation whose text is not there exactly once.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let found = match Found::read(&self.root) {
            Ok(found) => found,
            Err(error) => return vec![error],
        };
        let mut seen = BTreeSet::new();
        let mut named = BTreeSet::new();
        for row in self.rows() {
            let id = &row.id;
            if !seen.insert(id) {
                faults.push(format!("{id} stands twice"));
            }
            if row.words.is_empty() || row.tests.is_empty() {
                faults.push(format!("{id} has an empty cell"));
            }
            let mut in_both = false;
            for test in &row.tests {
                named.insert(test);
                let there = match test {
                    Test::Here(name) => {
                        in_both |= found.both.contains(name);
                        found.both.contains(name) || found.alone.contains(name)
                    }
                    Test::Faults(name) => found.faults.contains(name),
                    Test::Library(name) => found.library.contains(name),
                    Test::Ui(path) => {
                        let case = self.root.join("tests").join(path);
                        case.exists() && case.with_extension("stderr").exists()
                    }
                };
                if !there {
                    faults.push(format!("{id}: there is no test {test:?}"));
                }
            }
            // C.5 compares the homes: one test for both.
            if row.home == "both" && !in_both && id != "C.5" {
                faults.push(format!("{id}: no test runs in both homes"));
            }
            if !self.mutations.iter().any(|mutation| mutation.row == *id) {
                faults.push(format!("{id} has no mutation"));
            }
        }
        for name in found.both.iter().chain(&found.alone) {
            if !named.contains(&Test::Here(name.clone())) {
                faults.push(format!("{name} is in no row"));
            }
        }
        for mutation in &self.mutations {
            if !seen.contains(&mutation.row) {
                faults.push(format!("a mutation of {}, which is no row", mutation.row));
            }
            if let Err(error) = mutation.apply(&self.root) {
                faults.push(error);
            }
        }
        faults
    }

    /// The page `docs/behaviours.md`.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = PREFACE.to_owned();
        for (heading, rows) in &self.sections {
            // Writing to a String can't fail, here and below.
            let _ = write!(
                page,
                "\n## {heading}\n\n| row | what the library does | home | shown by |\n|---|---|---|---|\n"
            );
            for Row { id, home, words, tests } in rows {
                let tests: Vec<String> = tests.iter().map(Test::link).collect();
                let home = if home == "-" { "" } else { home };
                let _ = writeln!(page, "| {id} | {words} | {home} | {} |", tests.join("<br>"));
            }
        }
        page
    }
}

const PREFACE: &str = "\
# Behaviours

What a user of session middleware expects, case by case, and the tests that show it. The letters and
numbers are those of the tests' names: `b_02_..` shows B.2.

Where the home is `both`, one body is run twice: with the session in a signed cookie, and with the
session in a store. A store here is one in the test itself, which logs what it is asked and fails on
demand; the tests under `faults::` ask a real one. `scripts/rows` prints this table and checks it;
`scripts/rows --mutate` changes the library in one place for each row, and sees that the row's tests
notice. This page is made by `scripts/rows --write` from `tests/behaviours/rows.txt`.
";

impl Test {
    fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix("faults::") {
            Self::Faults(name.to_owned())
        } else if let Some(name) = text.strip_prefix("session::") {
            Self::Library(name.to_owned())
        } else if text.starts_with("ui/") {
            Self::Ui(text.to_owned())
        } else {
            Self::Here(text.to_owned())
        }
    }

    fn link(&self) -> String {
        match self {
            Self::Here(name) => format!("`{name}`"),
            Self::Faults(name) => format!("`faults::{name}`"),
            Self::Library(name) => format!("`session::{name}`"),
            Self::Ui(path) => format!("[`{path}`](../tests/{path})"),
        }
    }

    /// The test target, and what its tests are chosen by.
    #[must_use]
    pub fn target(&self) -> (&'static str, &str) {
        match self {
            Self::Here(name) => ("behaviours", name),
            Self::Faults(name) => ("faults", name),
            Self::Library(name) => ("session", name),
            Self::Ui(path) => ("ui", path),
        }
    }
}

impl Mutation {
    /// The file's text with the change.
    ///
    /// # Errors
    /// When the old text is not there exactly once.
    pub fn apply(&self, root: &Path) -> Result<String, String> {
        let Self { row, file, old, new, .. } = self;
        let text = fs::read_to_string(root.join(file))
            .map_err(|error| format!("mutation of {row}: {file}: {error}"))?;
        match text.matches(old).count() {
            1 => Ok(text.replacen(old, new, 1)),
            times => Err(format!("mutation of {row}: {times} times in {file}: {old}")),
        }
    }
}

fn sections(text: &str) -> Result<Vec<(String, Vec<Row>)>, String> {
    let mut sections: Vec<(String, Vec<Row>)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix("= ") {
            sections.push((heading.to_owned(), Vec::new()));
            continue;
        }
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let ([id, home, words, tests], Some((_, rows))) = (&cells[..], sections.last_mut()) else {
            return Err(format!("no row: {line}"));
        };
        if !["both", "cookie", "store", "-"].contains(home) {
            return Err(format!("no home: {line}"));
        }
        let tests = tests.split(", ").map(Test::parse).collect();
        let [id, home, words] = [id, home, words].map(|&cell| cell.to_owned());
        rows.push(Row { id, home, words, tests });
    }
    Ok(sections)
}

fn mutations(text: &str) -> Result<Vec<Mutation>, String> {
    let mut mutations: Vec<Mutation> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("= ") {
            let words: Vec<&str> = head.split(' ').collect();
            let (row, file, target) = match words[..] {
                [row, file] => (row, file, "behaviours"),
                [row, file, target] => (row, file, target),
                _ => return Err(format!("no mutation: {line}")),
            };
            let [row, file, target] = [row, file, target].map(str::to_owned);
            mutations.push(Mutation { row, file, target, old: String::new(), new: String::new() });
            continue;
        }
        let last = mutations.last_mut().ok_or("a mutation begins with `= `")?;
        let (text, line) = match line.split_at_checked(1) {
            Some(("-", line)) => (&mut last.old, line),
            Some(("+", line)) => (&mut last.new, line),
            _ => return Err(format!("neither `-` nor `+`: {line}")),
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    Ok(mutations)
}

impl Found {
    fn read(root: &Path) -> Result<Self, String> {
        let mut found = Self::default();
        let behaviours = sources(&root.join("tests/behaviours"))?;
        for text in &behaviours {
            let listed =
                text.split_once("\nboth_homes!(").and_then(|(_, rest)| rest.split_once(')'));
            let listed = listed.map_or("", |(names, _)| names);
            let names = listed.split(',').map(str::trim).filter(|name| !name.is_empty());
            found.both.extend(names.map(str::to_owned));
            found.alone.extend(tests_in(text));
        }
        for text in sources(&root.join("tests/faults"))? {
            found.faults.extend(tests_in(&text));
        }
        for text in sources(&root.join("session/src/layer"))? {
            found.library.extend(tests_in(&text));
        }
        Ok(found)
    }
}

/// The functions behind a test attribute that are named after a row.
fn tests_in(text: &str) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let of_test = |pair: &[&str]| {
        let test = pair[0] == "#[test]" || pair[0].starts_with("#[tokio::test");
        let line = pair[1].strip_prefix("async ").unwrap_or(pair[1]);
        let name = line.strip_prefix("fn ")?.split('(').next()?;
        let row =
            matches!(name.as_bytes(), [b'a'..=b'g', b'_', digit, ..] if digit.is_ascii_digit());
        (test && row).then(|| name.to_owned())
    };
    lines.windows(2).filter_map(of_test).collect::<Vec<_>>().into_iter()
}

fn sources(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(&path).map_err(failed)?);
        }
    }
    Ok(texts)
}
