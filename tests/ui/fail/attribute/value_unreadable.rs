use session::Session;

#[derive(Session)]
struct Visit {
    #[session(default = +)]
    views: u64,
}

fn main() {}
