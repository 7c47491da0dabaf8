use session::Session;

#[derive(Session)]
#[session(skip)]
struct Visit {
    views: u64,
}

fn main() {}
