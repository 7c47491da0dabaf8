use session::Session;

#[derive(Session)]
struct Visit<T, U>
where
    U: session::Field,
{
    a: Option<T>,
    b: Option<U>,
}

fn main() {}
