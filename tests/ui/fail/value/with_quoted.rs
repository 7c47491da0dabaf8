use session::Session;

#[derive(Session)]
struct Visit {
    #[session(with = "hex")]
    views: u64,
}

fn main() {}
