use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename = "uid")]
    user: u64,
    #[session(rename = "uid")]
    account: u64,
}

fn main() {}
