use session::Session;

#[derive(Session)]
#[session(max_age = "2 fortnights")]
struct Visit {
    views: u64,
}

fn main() {}
