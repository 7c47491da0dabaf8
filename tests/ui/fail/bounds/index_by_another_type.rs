use session::{Session, Sessions};

#[derive(Session)]
struct Visit {
    #[session(index)]
    user: Option<u64>,
}

fn sessions_of(sessions: &Sessions<Visit>, user: &str) {
    sessions.by_user(user);
}

fn main() {}
