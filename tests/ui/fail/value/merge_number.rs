use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = 1)]
    views: u64,
}

fn main() {}
