use session::Session;

#[derive(Session)]
#[session(crate = "session")]
struct Visit {
    views: u64,
}

fn main() {}
