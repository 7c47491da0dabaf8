use session::Session;

#[derive(Session)]
#[session(before_save = |visit, _| Ok(()))]
struct Visit {
    views: u64,
}

fn main() {}
