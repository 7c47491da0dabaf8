use session::Session;

mod hex {
    pub fn serialize<S: serde::Serializer>(_: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(1)
    }
}

#[derive(Session)]
struct Visit {
    #[session(with = hex)]
    views: u64,
}

fn main() {}
