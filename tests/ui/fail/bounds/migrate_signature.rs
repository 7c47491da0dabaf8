use session::Session;

fn upgrade(from: u32) {}

#[derive(Session)]
#[session(version = 2, migrate = upgrade)]
struct Visit {
    views: u64,
}

fn main() {}
