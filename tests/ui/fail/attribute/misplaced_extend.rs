use session::Session;

#[derive(Session)]
struct Visit {
    #[session(extend = "fixed")]
    views: u64,
}

fn main() {}
