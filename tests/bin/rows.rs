//! `rows`: prints the rows of `docs/behaviours.md` against their tests, and fails when one has none.
//! `rows --write` writes the page. `rows --mutate [ROW..]` changes the library as
//! `tests/behaviours/mutations.txt` says, one mutation at a time, in a copy of the repository, and fails
//! when a row's tests don't notice.

use session_tests::rows::{Mutation, Register};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;
use std::{env, fs};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        None => print(),
        Some((how, [])) if how == "--write" => write(),
        Some((how, rows)) if how == "--mutate" => mutate(rows),
        _ => Err("usage: rows [--write | --mutate [ROW..]]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print() -> Result<(), String> {
    let register = Register::read(Path::new(ROOT))?;
    for row in register.rows() {
        for (n, test) in row.tests.iter().enumerate() {
            let (target, name) = test.target();
            let (id, home) = if n == 0 { (&*row.id, &*row.home) } else { ("", "") };
            println!("{id:5} {home:6} {target}::{name}");
        }
    }
    let faults = register.faults();
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let tests: usize = register.rows().map(|row| row.tests.len()).sum();
    println!(
        "{} rows, {tests} tests, {} mutations: no empty cell",
        register.rows().count(),
        register.mutations.len()
    );
    Ok(())
}

fn write() -> Result<(), String> {
    let page = Register::read(Path::new(ROOT))?.page();
    fs::write(format!("{ROOT}/docs/behaviours.md"), page).map_err(|error| error.to_string())
}

fn mutate(wanted: &[String]) -> Result<(), String> {
    let register = Register::read(Path::new(ROOT))?;
    for row in wanted {
        if !register.mutations.iter().any(|mutation| mutation.row == *row) {
            return Err(format!("{row} has no mutation"));
        }
    }
    let copy = Copy::make()?;
    let chosen: Vec<&Mutation> = register
        .mutations
        .iter()
        .filter(|mutation| wanted.is_empty() || wanted.contains(&mutation.row))
        .collect();
    let targets: BTreeSet<&str> = chosen.iter().map(|mutation| &*mutation.target).collect();
    for target in targets {
        let names = names(&register, target, |row| chosen.iter().any(|one| one.row == row));
        let verdict = copy.verdict(target, &names)?;
        if !matches!(verdict, Verdict::Passed) {
            return Err(format!("without any mutation: {target}: {verdict:?}"));
        }
    }
    let mut unnoticed = Vec::new();
    for mutation in chosen {
        let Mutation { row, file, target, .. } = mutation;
        let names = names(&register, target, |id| id == row);
        let begin = Instant::now();
        let whole = copy.change(mutation)?;
        let verdict = copy.verdict(target, &names);
        copy.write(file, &whole)?;
        let (seconds, verdict) = (begin.elapsed().as_secs(), verdict?);
        let word = match &verdict {
            Verdict::Failed(tests) => format!("noticed by {}", tests.join(", ")),
            Verdict::Passed => "NOT NOTICED".to_owned(),
            Verdict::NotBuilt(error) => format!("DOES NOT COMPILE\n{error}"),
        };
        println!("{row:5} {seconds:4} s  {file}: {word}");
        if !matches!(verdict, Verdict::Failed(_)) {
            unnoticed.push(row.as_str());
        }
    }
    if unnoticed.is_empty() { Ok(()) } else { Err(format!("see {}", unnoticed.join(", "))) }
}

/// What chooses the tests of these rows in a target.
fn names(register: &Register, target: &str, of: impl Fn(&str) -> bool) -> Vec<String> {
    let rows = register.rows().filter(|row| of(&row.id));
    let tests = rows.flat_map(|row| row.tests.iter().map(|test| test.target()));
    let mut names: Vec<String> =
        tests.filter(|(of, _)| *of == target).map(|(_, name)| name.to_owned()).collect();
    if target == "ui" {
        names = names
            .iter()
            .map(|path| format!("trybuild={}", path.trim_start_matches("ui/")))
            .collect();
        names.push("rule_5_every_mistake".to_owned());
    }
    names
}

#[derive(Debug)]
enum Verdict {
    Passed,
    /// These tests failed.
    Failed(Vec<String>),
    NotBuilt(String),
}

/// A copy of the repository, beside its build, that is used again the next time.
struct Copy {
    root: PathBuf,
    build: PathBuf,
    /// Locked, so that no other run changes the copy meanwhile.
    _lock: fs::File,
}

impl Copy {
    fn make() -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let target = program.ancestors().nth(2).ok_or("a program in target/debug")?.join("rows");
        let (root, build) = (target.join("repository"), target.join("target"));
        let lock = fs::create_dir_all(&root).and_then(|()| fs::File::create(target.join("lock")));
        let lock = lock.and_then(|lock| lock.lock().map(|()| lock));
        let lock = lock.map_err(|error| format!("{}: {error}", target.display()))?;
        let copy = Self { root, build, _lock: lock };
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(ROOT)
            .output()
            .map_err(|error| format!("git: {error}"))?;
        let files = String::from_utf8_lossy(&listed.stdout);
        let files: BTreeSet<&str> = files.lines().collect();
        for file in &files {
            let from = Path::new(ROOT).join(file);
            let Ok(bytes) = fs::read(&from) else { continue };
            let to = copy.root.join(file);
            // What is the same keeps its time, so that cargo builds nothing anew.
            if fs::read(&to).is_ok_and(|there| there == bytes) {
                continue;
            }
            let folder = to.parent().ok_or("a file in a folder")?;
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&to, bytes))
                .map_err(|error| format!("{}: {error}", to.display()))?;
        }
        Ok(copy)
    }

    /// Applies a mutation, and gives the text that was there.
    fn change(&self, mutation: &Mutation) -> Result<String, String> {
        let changed = mutation.apply(&self.root)?;
        let path = self.root.join(&mutation.file);
        let whole = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        self.write(&mutation.file, &changed)?;
        Ok(whole)
    }

    fn write(&self, file: &str, text: &str) -> Result<(), String> {
        fs::write(self.root.join(file), text).map_err(|error| format!("{file}: {error}"))
    }

    /// Leaves out what has none of these tests: compiling them all would take most of the time.
    fn keep(&self, names: &[String]) -> Result<(), String> {
        let folder = Path::new("tests/behaviours");
        let main = fs::read_to_string(Path::new(ROOT).join(folder).join("main.rs"));
        let main = main.map_err(|error| error.to_string())?;
        let mut kept = String::new();
        for line in main.lines() {
            if let Some(module) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'))
            {
                let path = Path::new(ROOT).join(folder).join(module).with_extension("rs");
                let text = fs::read_to_string(&path).map_err(|error| format!("{error}"))?;
                let tests = ["#[test]", "#[tokio::test", "both_homes!("];
                let has_tests = tests.iter().any(|test| text.contains(&format!("\n{test}")));
                let wanted = names.iter().any(|name| text.contains(&format!("fn {name}(")));
                if has_tests && !wanted {
                    continue;
                }
            }
            kept.push_str(line);
            kept.push('\n');
        }
        let path = folder.join("main.rs");
        if fs::read_to_string(self.root.join(&path)).is_ok_and(|there| there == kept) {
            return Ok(());
        }
        self.write(&path.to_string_lossy(), &kept)
    }

    fn verdict(&self, target: &str, names: &[String]) -> Result<Verdict, String> {
        if target == "behaviours" {
            self.keep(names)?;
        }
        let built = self.cargo(target, &["--no-run"])?;
        if !built.status.success() {
            return Ok(Verdict::NotBuilt(String::from_utf8_lossy(&built.stderr).into_owned()));
        }
        let mut arguments = vec!["--"];
        arguments.extend(names.iter().map(String::as_str));
        let ran = self.cargo(target, &arguments)?;
        let said = String::from_utf8_lossy(&ran.stdout);
        let failed: Vec<String> = said
            .lines()
            .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
            .map(str::to_owned)
            .collect();
        if !failed.is_empty() {
            Ok(Verdict::Failed(failed))
        } else if ran.status.success() && !said.contains("test result: ok. 0 passed") {
            Ok(Verdict::Passed)
        } else {
            let why = String::from_utf8_lossy(&ran.stderr).into_owned();
            Err(format!("{target}: no test failed, and yet: {said}{why}"))
        }
    }

    fn cargo(&self, target: &str, arguments: &[&str]) -> Result<Output, String> {
        let mut command = Command::new(env!("CARGO"));
        if target == "session" {
            command.args(["test", "-p", "session", "--lib"]);
        } else {
            command.args(["test", "-p", "session-tests", "--test", target]);
        }
        if target == "faults" {
            command.args(["--features", "servers"]);
        }
        command.args(arguments).current_dir(&self.root);
        command.env("CARGO_TARGET_DIR", &self.build);
        // No debugger will look at it.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "1");
        command.env("RUST_BACKTRACE", "0");
        command.output().map_err(|error| format!("cargo: {error}"))
    }
}
