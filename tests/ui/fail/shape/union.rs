use session::Session;

#[derive(Session)]
union Bits {
    a: u64,
    b: f64,
}

fn main() {}
