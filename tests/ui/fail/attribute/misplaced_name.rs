use session::Session;

#[derive(Session)]
struct Visit {
    #[session(name = "x")]
    views: u64,
}

fn main() {}
