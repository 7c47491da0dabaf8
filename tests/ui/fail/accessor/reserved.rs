use session::Session;

#[derive(Session)]
struct Visit {
    id: u64,
}

fn main() {}
