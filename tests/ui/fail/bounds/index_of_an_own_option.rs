use session::Session;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Option<T>(Vec<T>);

#[derive(Session)]
struct Visit {
    #[session(index)]
    user: Option<u64>,
}

fn main() {}
