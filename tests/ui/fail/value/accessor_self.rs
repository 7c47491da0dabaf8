use session::Session;

#[derive(Session)]
struct Visit {
    #[session(accessor = self)]
    views: u64,
}

fn main() {}
