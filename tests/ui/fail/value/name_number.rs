use session::Session;

#[derive(Session)]
#[session(name = 7)]
struct Visit {
    views: u64,
}

fn main() {}
