use session::Session;

fn stamp(visit: &Visit) {}

#[derive(Session)]
#[session(before_save = stamp)]
struct Visit {
    views: u64,
}

fn main() {}
