use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, index)]
    views: u64,
}

fn main() {}
