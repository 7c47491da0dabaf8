use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = union)]
    views: u64,
}

fn main() {}
