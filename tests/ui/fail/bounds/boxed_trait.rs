use session::Session;

#[derive(Session)]
struct Shop {
    note: Option<Box<dyn std::fmt::Debug + Send + Sync>>,
}

fn main() {}
