use session::Session;

#[derive(Session)]
struct Visit(u64, String);

fn main() {}
