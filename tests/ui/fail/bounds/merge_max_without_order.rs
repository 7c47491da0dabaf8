use session::Session;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Level(u8);

#[derive(Session)]
struct Visit {
    #[session(merge = max)]
    level: Level,
}

fn main() {}
