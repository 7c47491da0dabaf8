use session::{Keys, Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(secret)]
    token: String,
}

fn main() {
    let _ = SessionLayer::<Visit>::signed(Keys::random().unwrap());
}
