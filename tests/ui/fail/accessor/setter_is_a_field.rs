use session::Session;

#[derive(Session)]
struct Visit {
    user: u64,
    set_user: u64,
}

fn main() {}
