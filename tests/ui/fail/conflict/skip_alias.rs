use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, alias = "a")]
    views: u64,
}

fn main() {}
