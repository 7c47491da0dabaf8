use session::Session;

#[derive(Session)]
struct Visit {
    #[session(secret)]
    token: String,
}

fn readable<T: session::NoSecrets>() {}

fn main() {
    readable::<Visit>();
}
