//! Memory stores with many sessions: how much memory they take, and how long their calls.

mod measure;
mod shelves;

use std::error::Error;
use std::process::Command;

use measure::Measured;

/// The states of a hundred thousand users up to those of a million.
const SIZES: [u64; 3] = [100_000, 300_000, 1_000_000];
const SMALL: u64 = 5_000;

/// How long each run of threads takes, in milliseconds.
const RUN: u64 = 400;
const SHORT_RUN: u64 = 10;

/// Prints the table, row by row as it is measured.
pub(crate) fn print(only: Option<&str>) -> Result<(), Box<dyn Error>> {
    println!("Memory stores with many sessions of 143 bytes of state as JSON\n");
    head();
    for name in shelves::NAMES.into_iter().filter(|name| only.is_none_or(|it| name.contains(it))) {
        for size in SIZES {
            row(name, size, &in_a_child(name, size, RUN)?);
        }
    }
    println!(
        "\nIn brackets: with the time in which the processor had something else to do.\n\
         An operation is a load; every tenth changes the session and writes it back too."
    );
    Ok(())
}

/// Every store once, with few sessions.
pub(crate) fn smoke() -> Result<(), Box<dyn Error>> {
    for name in shelves::NAMES {
        let measured = in_a_child(name, SMALL, SHORT_RUN)?;
        assert!(measured.two_threads > 0.0, "scale, {name}: two threads did nothing");
        println!("scale, {name}: answers as it should");
    }
    Ok(())
}

/// A process of its own: what the allocator kept of the store before must not be counted.
fn in_a_child(name: &str, sessions: u64, run: u64) -> Result<Measured, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["scale-child", name, &sessions.to_string(), &run.to_string()])
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}, {sessions} sessions: {}: {text}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Measured::parse(&text).ok_or_else(|| format!("{name}: not a result: {text}").into())
}

/// The child's side.
pub(crate) fn child(name: &str, sessions: &str, run: &str) -> Result<(), Box<dyn Error>> {
    println!("{}", shelves::measure(name, sessions.parse()?, run.parse()?)?.to_line());
    Ok(())
}

fn head() {
    println!(
        "| {:29} | {:>9} | {:>9} | {:>19} | {:>19} | {:>7} | {:>9} | {:>9} | {:>5} |",
        "",
        "sessions",
        "bytes per",
        "longest create, ms",
        "longest other, ms",
        "load ns",
        "ops/s, 1",
        "ops/s, 2",
        "ratio"
    );
    println!(
        "|{:-<31}|{:->10}:|{:->10}:|{:->20}:|{:->20}:|{:->8}:|{:->10}:|{:->10}:|{:->6}:|",
        "", "", "", "", "", "", "", "", ""
    );
}

fn row(name: &str, sessions: u64, it: &Measured) {
    let ms = |own: f64, wall: f64| format!("{:.2} ({:.2})", own / 1e6, wall / 1e6);
    println!(
        "| {name:29} | {sessions:>9} | {:>9.0} | {:>19} | {:>19} | {:>7.0} | {:>9.0} | {:>9.0} | {:>5.2} |",
        it.bytes,
        ms(it.longest_create, it.longest_create_wall),
        ms(it.longest_operation, it.longest_operation_wall),
        it.load,
        it.one_thread,
        it.two_threads,
        it.ratio
    );
}
