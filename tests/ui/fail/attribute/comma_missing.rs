use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename = "a" rotate)]
    views: u64,
}

fn main() {}
