use session::Session;

#[derive(Session)]
struct Visit {
    #[session(default = "x")]
    views: u64,
}

fn main() {}
