use session::Session;

#[derive(Session)]
struct Visit {}

fn main() {}
