use session::Session;

#[derive(Session)]
#[session(max_age = browser)]
struct Visit {
    views: u64,
}

fn main() {}
