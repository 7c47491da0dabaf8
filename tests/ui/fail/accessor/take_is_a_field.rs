use session::Session;

#[derive(Session)]
struct Visit {
    take_notice: u64,
    notice: Option<String>,
}

fn main() {}
