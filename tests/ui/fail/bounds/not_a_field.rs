use session::Session;

struct Conn;

#[derive(Session)]
struct Shop {
    cart: Vec<u32>,
    #[session(default = Conn)]
    conn: Conn,
}

fn main() {}
