use session::Session;

#[derive(Session)]
#[session(version = 1u8)]
struct Visit {
    views: u64,
}

fn main() {}
