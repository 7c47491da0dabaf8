use session::Session;

#[derive(Session)]
#[session(valid = "check")]
struct Visit {
    views: u64,
}

fn main() {}
