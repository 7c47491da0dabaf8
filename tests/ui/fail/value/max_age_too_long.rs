use session::Session;

#[derive(Session)]
#[session(max_age = "101000w")]
struct Visit {
    views: u64,
}

fn main() {}
