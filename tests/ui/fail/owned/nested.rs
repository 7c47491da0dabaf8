use session::Session;

#[derive(Session)]
struct Visit {
    names: Vec<Option<&'static [u8]>>,
    pair: (u8, &'static std::path::Path),
    level: &'static u8,
}

fn main() {}
