use session::Session;

#[derive(Session)]
struct Visit {
    #[session(max_age = "1d")]
    views: u64,
}

fn main() {}
