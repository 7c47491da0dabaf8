use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, keep)]
    views: u64,
}

fn main() {}
