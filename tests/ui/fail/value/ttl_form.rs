use session::Session;

#[derive(Session)]
struct Visit {
    #[session(ttl = "15 minutes")]
    views: u64,
}

fn main() {}
