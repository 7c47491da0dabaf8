use session::Session;

#[derive(Session)]
struct Visit {
    note: &'static (dyn std::fmt::Debug + Send + Sync),
}

fn main() {}
