use session::Session;

#[derive(serde::Serialize, serde::Deserialize)]
struct UserId(u64);

#[derive(Session)]
struct Visit {
    user: UserId,
    other: Vec<UserId>,
}

fn main() {}
