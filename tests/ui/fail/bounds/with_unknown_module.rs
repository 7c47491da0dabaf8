use session::Session;

#[derive(Session)]
struct Visit {
    #[session(with = codecs::hex)]
    views: u64,
}

fn main() {}
