use session::Session;

#[derive(Session)]
struct Visit {
    #[session(alias = "")]
    views: u64,
}

fn main() {}
