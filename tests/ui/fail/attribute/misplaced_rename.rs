use session::Session;

#[derive(Session)]
#[session(rename = "x")]
struct Visit {
    views: u64,
}

fn main() {}
