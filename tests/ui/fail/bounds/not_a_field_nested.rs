use session::Session;

#[derive(Default)]
struct Conn;

#[derive(Session)]
struct Shop {
    conns: Vec<Conn>,
    pool: Option<std::collections::HashMap<String, Conn>>,
}

fn main() {}
