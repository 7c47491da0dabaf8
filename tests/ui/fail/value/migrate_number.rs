use session::Session;

#[derive(Session)]
#[session(version = 1, migrate = 3)]
struct Visit {
    views: u64,
}

fn main() {}
