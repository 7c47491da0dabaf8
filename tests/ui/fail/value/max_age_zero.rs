use session::Session;

#[derive(Session)]
#[session(max_age = "0d")]
struct Visit {
    views: u64,
}

fn main() {}
