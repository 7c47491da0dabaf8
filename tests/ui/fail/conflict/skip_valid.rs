use session::Session;

#[derive(Session)]
struct Visit {
    #[session(skip, valid = check)]
    views: u64,
}

fn main() {}
