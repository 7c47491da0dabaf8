use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, secret)]
    views: u64,
}

fn main() {}
