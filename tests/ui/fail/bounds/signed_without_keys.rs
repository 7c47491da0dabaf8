use session::{Keys, Session, SessionLayer};

#[derive(Session)]
struct Visit {
    views: u64,
}

fn main() {
    let _ = SessionLayer::<Visit>::signed();
    let _ = SessionLayer::<Visit>::signed(Keys::default());
}
