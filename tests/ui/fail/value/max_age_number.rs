use session::Session;

#[derive(Session)]
#[session(max_age = 3600)]
struct Visit {
    views: u64,
}

fn main() {}
