use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, ttl = "15m")]
    views: u64,
}

fn main() {}
