use session::Session;

#[derive(Session)]
#[session(version = 4294967296)]
struct Visit {
    views: u64,
}

fn main() {}
