use session::Session;

#[derive(Session)]
#[session(cookie = "sid")]
struct Visit {
    views: u64,
}

fn main() {}
