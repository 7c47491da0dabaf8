use session::Session;

#[derive(Session)]
struct Visit {
    #[session(with = 1)]
    views: u64,
}

fn main() {}
