use session::Session;

fn longest(ours: &String, theirs: &String) -> String {
    ours.clone() + theirs
}

#[derive(Session)]
struct Visit {
    #[session(merge = longest)]
    note: String,
}

fn main() {}
