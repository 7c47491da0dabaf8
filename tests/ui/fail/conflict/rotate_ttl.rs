use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rotate, ttl = "15m")]
    views: u64,
}

fn main() {}
