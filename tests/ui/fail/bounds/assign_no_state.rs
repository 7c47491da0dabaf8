use session::{Session, TypedSession};

#[derive(Session)]
struct Visit {
    views: u64,
}

async fn text(mut session: TypedSession<Visit>) {
    *session = "x";
}

async fn number(mut session: TypedSession<Visit>) {
    *session = 5;
}

async fn unit(mut session: TypedSession<Visit>) {
    *session = ();
}

async fn none(mut session: TypedSession<Visit>) {
    *session = None;
}

async fn replaced(mut session: TypedSession<Visit>) {
    session.replace("x");
}

async fn the_handle_itself(mut session: TypedSession<Visit>) {
    session = "x";
}

fn main() {}
