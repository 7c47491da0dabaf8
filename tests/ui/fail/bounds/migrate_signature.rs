use session::Session;

fn upgrade(_: u32) {}

#[derive(Session)]
#[session(version = 2, migrate = upgrade)]
struct Visit {
    views: u64,
}

fn main() {}
