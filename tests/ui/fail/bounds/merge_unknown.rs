use session::Session;

#[derive(Session)]
struct Visit {
    #[session(merge = summ)]
    views: u64,
}

fn main() {}
