use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, merge = sum)]
    views: u64,
}

fn main() {}
