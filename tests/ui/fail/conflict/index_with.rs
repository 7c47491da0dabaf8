use session::Session;

#[derive(Session)]
struct Visit {
    #[session(index, with = hex)]
    user: u32,
}

fn main() {}
