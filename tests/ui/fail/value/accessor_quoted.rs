use session::Session;

#[derive(Session)]
struct Visit {
    #[session(accessor = "count")]
    views: u64,
}

fn main() {}
