use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rotate, keep)]
    views: u64,
}

fn main() {}
