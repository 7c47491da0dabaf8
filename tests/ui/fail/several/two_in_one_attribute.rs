use session::Session;

#[derive(Session)]
struct Visit {
    #[session(colour, rename, skip = 1, rotate, ttl = "1m")]
    a: u8,
}

fn main() {}
