use session::Session;

struct Conn;

#[derive(Session)]
struct Visit {
    views: u64,
    #[session(skip)]
    conn: Conn,
}

fn main() {}
