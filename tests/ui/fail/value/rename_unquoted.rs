use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename = key)]
    views: u64,
}

fn main() {}
