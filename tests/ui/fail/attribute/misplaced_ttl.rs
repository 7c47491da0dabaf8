use session::Session;

#[derive(Session)]
#[session(ttl = "1h")]
struct Visit {
    views: u64,
}

fn main() {}
