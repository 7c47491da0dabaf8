use session::Session;

fn longest(_: &str, ours: &str, _: &str) -> String {
    ours.to_owned()
}

fn count(_: &u64, _: &u64, _: &u64) -> usize {
    1
}

#[derive(Session)]
struct Visit {
    #[session(merge = longest)]
    views: u64,
    #[session(merge = count)]
    clicks: u64,
}

fn main() {}
