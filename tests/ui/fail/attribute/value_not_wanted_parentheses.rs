use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip(true))]
    views: u64,
}

fn main() {}
