//! That `docs/originals.md` is true: each test that it names is there, and its counts are those of its
//! rows.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a cell says that names no test of ours.
const NONE: &str = "*does not apply*";
const OUTSIDE: [&str; 3] = ["koa_session", "generic_session", "egg_session"];

fn page() -> String {
    fs::read_to_string(format!("{ROOT}/docs/originals.md")).expect("the page is there")
}

/// What stands between backquotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The modules and the function of what looks like the full name of a test.
fn name(code: &str) -> Option<(Vec<&str>, &str)> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    // `session: ` and `faults: ` are targets, too.
    let path: Vec<&str> = code.split("::").flat_map(|part| part.split(": ")).collect();
    let (function, modules) = path.split_last()?;
    let named = |part: &&str| !part.is_empty() && part.chars().all(plain);
    (!modules.is_empty() && path.iter().all(named)).then(|| (modules.to_vec(), *function))
}

/// Where these modules lie; a folder stands for all its files.
fn place(modules: &[&str]) -> PathBuf {
    let root = Path::new(ROOT);
    match modules {
        ["session", inner @ ..] => {
            let inner = inner.iter().filter(|&&module| module != "tests");
            root.join("session/src").join(inner.collect::<PathBuf>())
        }
        [first, ..] if OUTSIDE.contains(first) => root.join("tests/testbed/originals").join(first),
        _ => root.join("tests").join(modules.iter().collect::<PathBuf>()),
    }
}

/// The text of a module.
fn source(place: &Path) -> String {
    let file = fs::read_to_string(place.with_extension("rs")).unwrap_or_default();
    let mut files: Vec<_> =
        fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.fold(file, |all, text| all + &text)
}

/// Whether a source has this function as a test: marked as one, or listed in a macro that makes tests
/// of functions.
fn tests(source: &str, function: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {function}(");
    lines.iter().enumerate().filter(|(_, line)| line.contains(&head)).any(|(at, _)| {
        let mut above = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        above.any(|line| line.contains("test")) || lines.contains(&function)
    })
}

// Fails when the page names a test that nobody runs.
#[test]
fn every_test_that_the_page_names_is_there() {
    let page = page();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    let page = rows.join("\n");
    let names: BTreeSet<&str> = code(&page).filter(|code| name(code).is_some()).collect();
    let missing: Vec<&&str> = names
        .iter()
        .filter(|code| {
            let (modules, function) = name(code).expect("it looks like one");
            !tests(&source(&place(&modules)), function)
        })
        .collect();
    assert!(missing.is_empty(), "the page names what is no test: {missing:#?}");
    let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c == '/';
    for case in code(&page).filter(|code| code.contains('/') && code.chars().all(plain)) {
        let file = format!("{ROOT}/tests/ui/fail/{case}.rs");
        assert!(Path::new(&file).is_file(), "the page names what is no ui case: {case}");
    }
    tell(&format!("docs/originals.md names {} tests, and all are there", names.len()));
}

// Fails when a name that is none is found, or one that is there is not.
#[test]
fn the_search_for_tests_has_teeth() {
    for none in ["Router::nest", "remember_ended", "http::written::rule_8_..", "c.test.ts"] {
        assert!(name(none).is_none(), "{none}");
    }
    let here = "page::the_search_for_tests_has_teeth";
    let (modules, function) = name(here).expect("a name");
    assert_eq!((&*modules, function), (&["page"][..], "the_search_for_tests_has_teeth"));
    let source = source(&place(&["testbed", "page"]));
    assert!(tests(&source, function));
    assert!(!tests(&source, "place"), "a function that is no test");
    assert!(!tests(&source, "the_search_for_tests"), "half a name");
    assert!(tests("on_each! {\n    a_test\n}\nfn a_test(\n", "a_test"));
    assert!(!tests("on_each! {\n    a_test\n}\n", "a_test"));
}

/// What is counted of a suite: all, from outside, in process, not at all; and what differs.
#[derive(Default, Clone, Copy)]
struct Counts([usize; 5]);

impl Counts {
    /// The row: `| how often | theirs | ours | remark |`.
    fn add(&mut self, row: &str) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [runs, _, ours, remark] = cells[..] else { panic!("four cells: {row}") };
        let all = runs.parse().unwrap_or_else(|_| runs.split(' ').count());
        let outside = speaks_http(ours);
        let differs = match () {
            () if !remark.contains("**differs**") => 0,
            // One of these ran with sessions in a cookie, where we do as they do.
            () if remark.contains("**differs** in a store") => {
                all - usize::from(runs == "4" || runs.split(' ').any(|of| of == "C"))
            }
            () => all,
        };
        let kind = if ours == NONE {
            3
        } else if outside {
            1
        } else {
            2
        };
        self.0[0] += all;
        self.0[kind] += all;
        self.0[4] += differs;
    }

    fn row(self, suite: &str) -> String {
        let [all, outside, inside, none, differs] = self.0;
        format!("| {suite} | {all} | {outside} | {inside} | {none} | {differs} |")
    }
}

/// Whether a cell names a test that speaks HTTP.
fn speaks_http(ours: &str) -> bool {
    code(ours).filter_map(name).any(|(modules, _)| OUTSIDE.contains(&modules[0]))
}

// Fails when the counts at the head of the page are not those of its rows.
#[test]
fn the_counts_at_the_head_are_those_of_the_rows() {
    let page = page();
    let mut all = Counts::default();
    let mut chapters = page.split("\n## ");
    let head = chapters.next().expect("a head");
    for chapter in chapters {
        let suite = chapter.lines().next().expect("a title");
        let mut counts = Counts::default();
        // A table begins with its head and a rule.
        chapter
            .lines()
            .filter(|line| line.starts_with('|'))
            .skip(2)
            .for_each(|row| counts.add(row));
        for (sum, count) in all.0.iter_mut().zip(counts.0) {
            *sum += count;
        }
        let row = counts.row(suite);
        assert!(head.lines().any(|line| line == row), "the head should say {row}");
        tell(&row);
    }
    let row = all.row("all");
    assert!(head.lines().any(|line| line == row), "the head should say {row}");
    tell(&row);
}

/// Tells who runs the tests, also when they pass.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
