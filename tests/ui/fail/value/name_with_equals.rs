use session::Session;

#[derive(Session)]
#[session(name = "sid=1")]
struct Visit {
    views: u64,
}

fn main() {}
