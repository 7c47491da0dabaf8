use session::Session;

#[derive(Default)]
struct Conn;

#[derive(Session)]
struct Visit {
    #[session(index)]
    conn: Conn,
    #[session(index)]
    other: Option<Conn>,
}

fn main() {}
