//! Every contender on every load, once, with the right answers demanded.

use http::StatusCode;

use crate::app::Contender;
use crate::loads::{Load, OK, route};
use crate::state::initial;

/// Panics at the first wrong answer. Also runs before anything is measured: a contender that
/// forgets its session is very fast.
pub(crate) fn check(contender: &mut dyn Contender) {
    let name = contender.name();
    let first = (initial::VIEWS + 1).to_string();
    let second = (initial::VIEWS + 2).to_string();

    let read = contender.cookie(Load::Read).clone();
    let answer = contender.ask(route::READ, Some(&read));
    assert_eq!(answer.status, StatusCode::OK, "{name}, W1");
    assert_eq!(answer.text, first, "{name}, W1 reads what was written");

    let answer = contender.ask(route::IDLE, None);
    assert_eq!(answer.text, OK, "{name}, W3");

    let answer = contender.ask(route::CHANGE, None);
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, OK), "{name}, W4");
    if !contender.keeps_sessions() {
        return;
    }
    let made = answer.cookie().unwrap_or_else(|| panic!("{name}, W4 gives a cookie"));
    let answer = contender.ask(route::READ, Some(&made));
    assert_eq!(answer.text, first, "{name}, what W4 made can be read");

    let answer = contender.ask(route::CHANGE, Some(&made));
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, OK), "{name}, W2");
    // With a store the same cookie may do.
    let changed = answer.cookie().unwrap_or(made);
    let answer = contender.ask(route::READ, Some(&changed));
    assert_eq!(answer.text, second, "{name}, what W2 changed can be read");

    // The very requests that will be measured.
    for load in Load::ALL {
        contender.prepare(load, 1);
        contender.serve(1);
    }
}

#[cfg(test)]
mod tests {
    use crate::contenders;

    #[test]
    fn every_contender_answers_as_it_should() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime without I/O has nothing to fail on");
        let _inside = runtime.enter();
        for mut contender in contenders::all() {
            super::check(contender.as_mut());
        }
    }
}
