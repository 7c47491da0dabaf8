use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename = "a", skip)]
    views: u64,
}

fn main() {}
