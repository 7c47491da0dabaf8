use session::Session;

#[derive(Session)]
struct Visit {
    #[session(accessor = a::b)]
    views: u64,
}

fn main() {}
