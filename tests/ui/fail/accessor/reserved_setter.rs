use session::Session;

#[derive(Session)]
struct Visit {
    max_age: u64,
}

fn main() {}
