use session::Session;

#[derive(Default)]
pub struct Conn;

#[derive(Session)]
pub struct Shop {
    pub conn: Conn,
}

fn main() {}
