use session::Session;

#[derive(Session)]
struct Visit {
    names: Vec<Option<&'static [u8]>>,
    pair: (u8, &'static std::path::Path),
    hook: &'static dyn Fn(&str),
}

fn main() {}
