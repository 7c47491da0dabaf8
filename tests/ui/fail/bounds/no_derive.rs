use session::SessionData;

struct Visit {
    views: u64,
}

fn needs<T: SessionData>() {}

fn main() {
    needs::<Visit>();
}
