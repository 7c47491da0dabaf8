use session::Session;

#[derive(Session)]
#[session(name = "sitzung-ü")]
struct Visit {
    views: u64,
}

fn main() {}
