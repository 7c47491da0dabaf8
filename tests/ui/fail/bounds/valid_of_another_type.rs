use session::Session;

fn short(text: &str) -> bool {
    text.len() < 8
}

#[derive(Session)]
struct Visit {
    #[session(valid = short)]
    views: u64,
}

fn main() {}
