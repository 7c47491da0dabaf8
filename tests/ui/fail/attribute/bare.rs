use session::Session;

#[derive(Session)]
struct Visit {
    #[session]
    views: u64,
}

fn main() {}
