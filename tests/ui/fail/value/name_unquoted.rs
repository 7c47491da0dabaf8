use session::Session;

#[derive(Session)]
#[session(name = sid)]
struct Visit {
    views: u64,
}

fn main() {}
