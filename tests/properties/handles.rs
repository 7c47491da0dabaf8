//! Several handles in one request, against a model (rule 10).

use crate::serve::{SetCookie, cookies, extract, extract_live, serve};
use http::StatusCode;
use proptest::collection::vec;
use proptest::prelude::*;
use session::testing::{self, ManualClock};
use session::{CommitError, Keys, Session, SessionLayer, SessionRejection, TypedSession};
use session_tests::at_once;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Session, Clone, Debug, PartialEq, Eq)]
struct Many {
    /// Two of the default policy: changes of different fields never meet.
    one: u8,
    two: u8,
    #[session(merge = sum)]
    hits: i8,
    #[session(merge = max)]
    top: u8,
    #[session(merge = union)]
    tags: BTreeSet<u8>,
    #[session(merge = reject)]
    stock: u8,
}

#[derive(Debug, Clone)]
enum Change {
    One(u8),
    Two(u8),
    AddHits(i8),
    Top(u8),
    Insert(u8),
    Remove(u8),
    Stock(u8),
    /// Written through, and the same as before.
    Same,
}

impl Change {
    fn apply(&self, state: &mut Many) {
        match self {
            Self::One(value) => state.one = *value,
            Self::Two(value) => state.two = *value,
            Self::AddHits(more) => state.hits = state.hits.saturating_add(*more),
            Self::Top(value) => state.top = *value,
            Self::Insert(tag) => drop(state.tags.insert(*tag)),
            Self::Remove(tag) => drop(state.tags.remove(tag)),
            Self::Stock(value) => state.stock = *value,
            Self::Same => state.one = u8::clone(&state.one),
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Extract,
    /// Through `Option<TypedSession<Many>>`.
    ExtractLive,
    Write(usize, Change),
    Drop(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let change = prop_oneof![
        (0..3_u8).prop_map(Change::One),
        (0..3_u8).prop_map(Change::Two),
        prop_oneof![-3..4_i8, Just(100), Just(-100)].prop_map(Change::AddHits),
        (0..4_u8).prop_map(Change::Top),
        (0..4_u8).prop_map(Change::Insert),
        (0..4_u8).prop_map(Change::Remove),
        (0..3_u8).prop_map(Change::Stock),
        Just(Change::Same),
    ];
    let step = prop_oneof![
        3 => Just(Step::Extract),
        1 => Just(Step::ExtractLive),
        5 => (0..4_usize, change).prop_map(|(handle, change)| Step::Write(handle, change)),
        2 => (0..4_usize).prop_map(Step::Drop),
    ];
    // Mostly with several handles from the start.
    (0..4_usize, vec(step, 1..16)).prop_map(|(extracted, mut steps)| {
        steps.splice(0..0, vec![Step::Extract; extracted]);
        steps
    })
}

/// A handle as the contract describes it.
#[derive(Debug)]
struct Handle {
    state: Many,
    /// The version that it is a snapshot of, or was refreshed to.
    of: usize,
    written: bool,
}

#[derive(Debug)]
struct Model {
    loaded: bool,
    /// What was loaded, then one more for each written handle that was dropped.
    versions: Vec<Many>,
    conflict: Option<&'static str>,
}

impl Model {
    fn newest(&self) -> &Many {
        self.versions.last().expect("the first is always there")
    }

    fn extract(&self) -> Handle {
        let of = self.versions.len() - 1;
        Handle { state: self.newest().clone(), of, written: false }
    }

    fn write(&self, handle: &mut Handle, change: &Change) {
        if !handle.written {
            *handle = Handle { written: true, ..self.extract() };
        }
        change.apply(&mut handle.state);
    }

    fn dropped(&mut self, handle: Handle) {
        if !handle.written {
            return;
        }
        let base = self.versions[handle.of].clone();
        match merged(&base, &handle.state, self.newest()) {
            Ok(merged) => self.versions.push(merged),
            Err(field) => self.conflict = Some(field),
        }
    }
}

/// Three ways, field by field. `Err`: the first field that can't be kept.
fn merged(base: &Many, ours: &Many, theirs: &Many) -> Result<Many, &'static str> {
    fn last<V: Clone + PartialEq>(
        name: &'static str,
        base: &V,
        ours: &V,
        theirs: &V,
    ) -> Result<V, &'static str> {
        match (ours == base, theirs == base) {
            (_, true) => Ok(ours.clone()),
            (true, false) => Ok(theirs.clone()),
            (false, false) => Err(name),
        }
    }
    let sum = i16::from(ours.hits) + i16::from(theirs.hits) - i16::from(base.hits);
    let tags = |tag: &u8| match base.tags.contains(tag) {
        true => ours.tags.contains(tag) && theirs.tags.contains(tag),
        false => ours.tags.contains(tag) || theirs.tags.contains(tag),
    };
    Ok(Many {
        one: last("one", &base.one, &ours.one, &theirs.one)?,
        two: last("two", &base.two, &ours.two, &theirs.two)?,
        hits: i8::try_from(sum).map_err(|_| "hits")?,
        top: match (ours.top == base.top, theirs.top == base.top) {
            (true, _) => theirs.top,
            (_, true) => ours.top,
            _ => ours.top.max(theirs.top),
        },
        tags: (0..4).filter(tags).collect(),
        stock: last("stock", &base.stock, &ours.stock, &theirs.stock)?,
    })
}

fn sessions() -> SessionLayer<Many> {
    let keys = Keys::new([[7; 32]]).expect("a good key");
    let builder = SessionLayer::signed(keys).clock(ManualClock::default()).last_write_wins();
    builder.build().expect("good options")
}

fn blank() -> Many {
    Many { one: 0, two: 0, hits: 0, top: 0, tags: BTreeSet::new(), stock: 0 }
}

fn begun() -> Many {
    Many { one: 1, two: 2, hits: 3, top: 2, tags: BTreeSet::from([1, 2]), stock: 1 }
}

fn check(loaded: bool, steps: &[Step]) -> Result<(), TestCaseError> {
    let sessions = sessions();
    let first = if loaded { begun() } else { blank() };
    let mut model = Model { loaded, versions: vec![first.clone()], conflict: None };
    let request = if loaded {
        at_once(testing::headers(&sessions, begun())).expect("encodable")
    } else {
        cookies("__Host-session", &[])
    };
    let mut failed = Ok(());
    let mut extracted = false;
    let response = serve(&sessions, request, |request| {
        let mut handles: Vec<(TypedSession<Many>, Handle)> = Vec::new();
        for step in steps {
            let at = |handle: &usize, handles: &[_]| (*handle < handles.len()).then_some(*handle);
            match step {
                Step::Extract | Step::ExtractLive if handles.len() < 4 => {
                    extracted = true;
                    let held = handles.iter().any(|(_, handle)| handle.written);
                    let given = match step {
                        Step::Extract => extract(request).map(Some),
                        _ => extract_live(request),
                    };
                    let live = model.loaded || model.versions.len() > 1;
                    match given {
                        Err(SessionRejection::Held { .. }) if held => {}
                        Ok(Some(session)) if !held => handles.push((session, model.extract())),
                        Ok(None) if !held && matches!(step, Step::ExtractLive) && !live => {}
                        other => {
                            failed = Err(TestCaseError::fail(format!("{step:?}: {other:?}")));
                            break;
                        }
                    }
                }
                Step::Write(handle, change) => {
                    if let Some(at) = at(handle, &handles) {
                        let (session, expected) = &mut handles[at];
                        change.apply(session);
                        model.write(expected, change);
                    }
                }
                Step::Drop(handle) => {
                    if let Some(at) = at(handle, &handles) {
                        let (session, expected) = handles.remove(at);
                        drop(session);
                        model.dropped(expected);
                    }
                }
                _ => {}
            }
            // A write or a drop changes no other handle.
            for (session, expected) in &handles {
                if **session != expected.state {
                    let seen = Many::clone(session);
                    let text = format!("after {step:?}: {seen:?}, expected {:?}", expected.state);
                    failed = Err(TestCaseError::fail(text));
                }
            }
        }
        for (session, expected) in handles {
            drop(session);
            model.dropped(expected);
        }
        StatusCode::OK
    });
    failed?;
    let answer = SetCookie::of(&response);
    if let Some(field) = model.conflict {
        prop_assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        prop_assert_eq!(answer, SetCookie::Untouched, "nothing is saved");
        let error = response.extensions().get::<Arc<CommitError>>().expect("the reason");
        let CommitError::Conflict { field: named, source } = &**error else {
            return Err(TestCaseError::fail(format!("{error:?}")));
        };
        prop_assert_eq!((*named, source.is_some()), (field, field == "hits"));
        return Ok(());
    }
    prop_assert_eq!(response.status(), StatusCode::OK);
    if extracted && *model.newest() != first {
        let SetCookie::Token(token) = answer else {
            return Err(TestCaseError::fail(format!("{answer:?}, but it changed")));
        };
        let opened =
            at_once(sessions.open(&cookies("__Host-session", &[&token]))).expect("no rejection");
        prop_assert_eq!(&*opened, model.newest());
    } else {
        prop_assert_eq!(answer, SetCookie::Untouched);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    // Fails when a snapshot is no snapshot, when an untouched handle is not refreshed by its first
    // write, when an extraction beside a written handle is let through, when a merge takes a side
    // silently, or when a conflict saves something (`life/shared.rs`).
    #[test]
    fn rule_10_handles_of_one_request_are_snapshots_that_merge(
        loaded in any::<bool>(),
        steps in steps(),
    ) {
        check(loaded, &steps)?;
    }
}

// Fails when a rule that the random runs rarely reach is lost; each row is one sentence of rule 10.
#[test]
fn rule_10_its_sentences_one_by_one() {
    use Change::*;
    use Step::*;
    let rows: [&[Step]; 9] = [
        // The first write through an untouched handle refreshes it.
        &[Extract, Extract, Write(0, One(2)), Drop(0), Write(0, Two(1)), Drop(0)],
        // Two written handles, different fields: both are kept.
        &[Extract, Extract, Write(0, One(2)), Write(1, Two(1)), Drop(0), Drop(0)],
        // The same field, the same value: a conflict all the same.
        &[Extract, Extract, Write(0, One(2)), Write(1, One(2))],
        // The same field, two values: a conflict.
        &[Extract, Extract, Write(0, One(2)), Write(1, One(0))],
        &[Extract, Extract, Write(0, Stock(2)), Write(1, Stock(0))],
        // A conflict leaves what others read as it was.
        &[
            Extract,
            Extract,
            Write(0, Top(3)),
            Write(0, Stock(2)),
            Write(1, Stock(0)),
            Write(1, Insert(3)),
            Drop(0),
            Drop(0),
            Extract,
            Write(0, Same),
        ],
        // An extraction while a written handle is held is refused, also when nothing changed.
        &[Extract, Write(0, Same), Extract, Drop(0), Extract],
        // Four handles, merged in the order in which they go.
        &[
            Extract,
            Extract,
            Extract,
            Extract,
            Write(3, AddHits(1)),
            Write(1, AddHits(1)),
            Write(0, AddHits(1)),
            Write(2, Insert(0)),
            Drop(2),
            Drop(0),
            Extract,
            Drop(1),
            Extract,
        ],
        // A sum that does not fit.
        &[Extract, Extract, Write(0, AddHits(100)), Write(1, AddHits(100))],
    ];
    for steps in rows {
        for loaded in [false, true] {
            check(loaded, steps).unwrap_or_else(|error| panic!("{loaded} {steps:?}: {error}"));
        }
    }
}
