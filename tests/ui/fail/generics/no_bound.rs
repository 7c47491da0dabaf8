use session::Session;

#[derive(Session)]
struct Visit<T, U: session::Field> {
    a: Option<T>,
    b: Option<U>,
}

fn main() {}
