use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename =, rotate)]
    views: u64,
}

fn main() {}
