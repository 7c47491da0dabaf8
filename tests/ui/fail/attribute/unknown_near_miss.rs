use session::Session;

#[derive(Session)]
struct Visit {
    #[session(renam = "x")]
    views: u64,
}

fn main() {}
