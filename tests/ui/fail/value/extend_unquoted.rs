use session::Session;

#[derive(Session)]
#[session(extend = rolling)]
struct Visit {
    views: u64,
}

fn main() {}
