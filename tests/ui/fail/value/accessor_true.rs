use session::Session;

#[derive(Session)]
struct Visit {
    #[session(accessor = true)]
    views: u64,
}

fn main() {}
