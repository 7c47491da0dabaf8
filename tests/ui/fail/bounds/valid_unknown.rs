use session::Session;

#[derive(Session)]
#[session(valid = rules::whole)]
struct Visit {
    views: u64,
}

fn main() {}
