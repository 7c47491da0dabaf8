use session::Session;

#[derive(Session)]
struct Visit {
    user: u64,
    #[session(accessor = user)]
    account: u64,
}

fn main() {}
