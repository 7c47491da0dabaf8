use session::Session;

#[derive(Session)]
#[session(max_age = 1d)]
struct Visit {
    views: u64,
}

fn main() {}
