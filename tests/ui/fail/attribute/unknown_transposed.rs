use session::Session;

#[derive(Session)]
struct Visit {
    #[session(sikp)]
    views: u64,
}

fn main() {}
