use session::Session;

#[derive(Session)]
struct Visit {
    #[session(with = hex)]
    #[session(index)]
    user: u32,
}

fn main() {}
