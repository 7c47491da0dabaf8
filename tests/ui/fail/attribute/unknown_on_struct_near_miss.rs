use session::Session;

#[derive(Session)]
#[session(max_ag = "1d")]
struct Visit {
    views: u64,
}

fn main() {}
