use session::Session;

#[derive(Session)]
enum Shop {
    Open,
}

fn main() {}
