use session::Session;

#[derive(Session)]
struct Visit {
    #[session(alias = "views")]
    views: u64,
}

fn main() {}
