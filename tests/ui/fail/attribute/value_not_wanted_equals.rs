use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rotate =)]
    views: u64,
}

fn main() {}
