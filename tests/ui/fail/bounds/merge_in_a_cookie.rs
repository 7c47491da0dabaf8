use session::{Keys, Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(merge = sum)]
    hits: u64,
}

fn main() {
    let _ = SessionLayer::<Visit>::signed(Keys::random().unwrap()).build();
}
