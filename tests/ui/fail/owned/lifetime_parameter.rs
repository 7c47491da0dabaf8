use session::Session;

#[derive(Session)]
struct Visit<'a> {
    name: &'a str,
    title: std::borrow::Cow<'a, str>,
}

fn main() {}
