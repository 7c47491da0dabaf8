use session::Session;

#[derive(Session)]
#[session(name = "a")]
#[session(name = "b")]
struct Visit {
    views: u64,
}

fn main() {}
