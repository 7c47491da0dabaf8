use session::Session;

#[derive(Session)]
#[session(max_age = "99999999999999999999s")]
struct Visit {
    views: u64,
}

fn main() {}
