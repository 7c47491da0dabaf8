use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename)]
    views: u64,
}

fn main() {}
