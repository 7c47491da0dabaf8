use session::Session;

#[derive(Session)]
#[session(absolute = "browser")]
struct Visit {
    views: u64,
}

fn main() {}
