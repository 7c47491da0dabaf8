//! The register itself: no row without a test, no test without a row, no mutation that hits nothing.

use session_tests::rows::Register;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn register() -> Register {
    Register::read(Path::new(ROOT)).expect("as its first lines say")
}

#[test]
fn every_row_has_its_tests_and_every_mutation_hits_one_place() {
    let register = register();
    let faults = register.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let letters: String = register.rows().map(|row| &row.id[..1]).collect();
    for (letter, rows) in [('A', 23), ('B', 18), ('C', 7), ('D', 10), ('E', 13), ('F', 6), ('G', 5)]
    {
        assert_eq!(letters.matches(letter).count(), rows, "{letter}");
    }
}

#[test]
fn the_page_is_what_the_register_says() {
    let page = std::fs::read_to_string(format!("{ROOT}/docs/behaviours.md")).expect("the page");
    assert!(page == register().page(), "run `scripts/rows --write`, and read the diff");
}
