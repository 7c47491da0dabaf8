use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = sum)]
    note: String,
}

fn main() {}
