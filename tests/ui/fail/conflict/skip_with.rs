use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, with = hex)]
    views: u64,
}

fn main() {}
