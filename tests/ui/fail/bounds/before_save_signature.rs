use session::Session;

fn stamp(_: &Visit) {}

#[derive(Session)]
#[session(before_save = stamp)]
struct Visit {
    views: u64,
}

fn main() {}
