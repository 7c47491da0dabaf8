use session::Session;

#[derive(Session)]
struct Visit {
    #[session(rename = "a")]
    #[session(rotate, rename = "b")]
    views: u64,
}

fn main() {}
