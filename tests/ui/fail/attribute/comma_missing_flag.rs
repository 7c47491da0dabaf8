use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rotate rename = "a")]
    views: u64,
}

fn main() {}
