use session::Session;

#[derive(Session)]
struct Visit {
    name: &'static str,
}

fn main() {}
