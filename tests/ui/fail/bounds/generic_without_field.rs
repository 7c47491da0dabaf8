use session::Session;

#[derive(Session)]
struct Visit<T: Clone> {
    value: Option<T>,
}

fn main() {}
