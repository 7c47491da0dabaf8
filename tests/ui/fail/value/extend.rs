use session::Session;

#[derive(Session)]
#[session(extend = "sliding")]
struct Visit {
    views: u64,
}

fn main() {}
