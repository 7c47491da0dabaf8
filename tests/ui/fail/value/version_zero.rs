use session::Session;

#[derive(Session)]
#[session(version = 0)]
struct Visit {
    views: u64,
}

fn main() {}
