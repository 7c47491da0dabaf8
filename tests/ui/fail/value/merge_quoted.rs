use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = "sum")]
    views: u64,
}

fn main() {}
