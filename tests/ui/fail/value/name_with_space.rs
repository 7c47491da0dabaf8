use session::Session;

#[derive(Session)]
#[session(name = "my session")]
struct Visit {
    views: u64,
}

fn main() {}
