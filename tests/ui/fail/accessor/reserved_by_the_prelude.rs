use session::Session;

#[derive(Session)]
struct Visit {
    into: u64,
}

fn main() {}
