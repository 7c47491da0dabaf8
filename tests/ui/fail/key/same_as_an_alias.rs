use session::Session;

#[derive(Session)]
struct Visit {
    #[session(alias = "account")]
    user: u64,
    account: u64,
}

fn main() {}
