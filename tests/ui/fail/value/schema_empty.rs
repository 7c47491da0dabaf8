use session::Session;

#[derive(Session)]
#[session(schema = "")]
struct Visit {
    views: u64,
}

fn main() {}
