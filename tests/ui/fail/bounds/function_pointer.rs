use session::Session;

#[derive(Session)]
struct Shop {
    hook: Option<fn()>,
}

fn main() {}
