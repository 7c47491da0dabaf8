use session::Session;

#[derive(Session)]
struct Visit<T: Clone> {
    // rustc adds that the struct is not `Send` and not `Sync` either.
    value: Option<T>,
}

fn main() {}
