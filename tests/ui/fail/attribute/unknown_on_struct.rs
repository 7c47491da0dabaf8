use session::Session;

#[derive(Session)]
#[session(colour = "red")]
struct Visit {
    views: u64,
}

fn main() {}
