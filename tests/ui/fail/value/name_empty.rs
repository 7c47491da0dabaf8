use session::Session;

#[derive(Session)]
#[session(name = "")]
struct Visit {
    views: u64,
}

fn main() {}
