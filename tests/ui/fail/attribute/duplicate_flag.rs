use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, skip)]
    views: u64,
}

fn main() {}
