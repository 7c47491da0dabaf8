use session::{Session, TypedSession};

#[derive(Session)]
struct Visit {
    views: u64,
}

fn handler(mut session: TypedSession<Visit>) {
    *session = "text";
    *session = 5;
    *session = ();
    session.replace("text");
    session.replace(Some(5));
}

fn main() {}
