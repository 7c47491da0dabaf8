use session::Session;

#[derive(Session)]
struct Visit {
    #[session(expires = "1h")]
    views: u64,
}

fn main() {}
