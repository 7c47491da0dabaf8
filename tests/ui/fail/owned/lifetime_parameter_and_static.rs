use session::Session;

#[derive(Session)]
struct Visit<'a, T: 'a + session::Field> {
    name: &'a str,
    title: &'static str,
    more: T,
}

fn main() {}
