use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = max, rotate)]
    views: u64,
}

fn main() {}
