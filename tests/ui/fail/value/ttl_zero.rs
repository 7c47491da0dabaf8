use session::Session;

#[derive(Session)]
struct Visit {
    #[session(ttl = "0s")]
    views: u64,
}

fn main() {}
