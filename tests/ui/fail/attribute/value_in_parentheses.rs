use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename("x"))]
    views: u64,
}

fn main() {}
