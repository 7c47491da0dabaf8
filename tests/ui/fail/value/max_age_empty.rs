use session::Session;

#[derive(Session)]
#[session(max_age = "")]
struct Visit {
    views: u64,
}

fn main() {}
