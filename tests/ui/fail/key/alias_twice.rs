use session::Session;

#[derive(Session)]
struct Visit {
    #[session(alias = "count", alias = "count")]
    views: u64,
}

fn main() {}
