//! What the derive says, and what it promises to compile.
//!
//! `fail/<category>/` holds one mistake a file, with what the compiler says about it; only
//! `fail/bounds/` has sentences of rustc's own, and changes with rustc. `pass/` holds one promise
//! a file. `TRYBUILD=overwrite` writes the `.stderr` files anew: read them before committing.

mod catalogue;

#[test]
fn rule_5_every_mistake_has_its_sentence_and_every_promise_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*/*.rs");
}
