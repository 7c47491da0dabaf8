use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, rename = "a")]
    views: u64,
}

fn main() {}
