use session::Session;

fn check(_: u64) -> Result<(), String> {
    Ok(())
}

#[derive(Session)]
struct Visit {
    #[session(valid = check)]
    views: u64,
}

fn main() {}
