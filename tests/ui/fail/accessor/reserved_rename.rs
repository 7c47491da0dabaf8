use session::Session;

#[derive(Session)]
struct Visit {
    #[session(accessor = rotate)]
    views: u64,
}

fn main() {}
