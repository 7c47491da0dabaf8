use session::Session;

#[derive(Session)]
struct Visit {
    #[session(ttl = 15)]
    views: u64,
}

fn main() {}
