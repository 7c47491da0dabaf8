use session::Session;

#[derive(Session)]
#[session(migrate = upgrade)]
struct Visit {
    views: u64,
}

fn main() {}
