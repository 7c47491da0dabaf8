use session::Session;

#[derive(Session)]
#[session(version = -1)]
struct Visit {
    views: u64,
}

fn main() {}
