//! Where the testbed is.

use serde_json::Value;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The program, built once in each run of these tests.
///
/// Cargo gives a test the path of the programs of its own package only, and the testbed is an example
/// of another. So it is built here, by the cargo that runs the tests and into the same folder: then
/// `cargo test` alone is enough, also in a fresh clone, and never tries an older build. When nothing
/// changed this takes a fraction of a second. Where the program lies is asked of cargo, not guessed:
/// a configured target is a folder more.
pub fn testbed() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder for all builds");
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "session-examples", "--example", "testbed"])
        .args(["--features", "testbed", "--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be started");
    assert!(built.status.success(), "the testbed can't be built: {}", built.status);
    String::from_utf8(built.stdout)
        .expect("cargo speaks UTF-8")
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|told| told["target"]["name"] == "testbed" && told["executable"].is_string())
        .and_then(|told| told["executable"].as_str().map(PathBuf::from))
        .expect("cargo says where it put the testbed")
}
