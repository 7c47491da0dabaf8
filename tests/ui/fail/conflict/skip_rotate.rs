use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, rotate)]
    views: u64,
}

fn main() {}
