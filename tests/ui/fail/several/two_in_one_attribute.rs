use session::Session;

#[derive(Session)]
struct Visit {
    #[session(colour, rename, skip = 1, rotate, keep)]
    a: u8,
}

fn main() {}
