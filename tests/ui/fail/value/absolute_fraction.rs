use session::Session;

#[derive(Session)]
#[session(absolute = "1.5h")]
struct Visit {
    views: u64,
}

fn main() {}
