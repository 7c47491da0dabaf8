use session::Session;

#[derive(Session)]
#[session(extend = 1)]
struct Visit {
    views: u64,
}

fn main() {}
