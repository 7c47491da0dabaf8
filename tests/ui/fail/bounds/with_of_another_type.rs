use session::Session;

mod hex {
    pub fn serialize<S: serde::Serializer>(_: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(1)
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<String, D::Error> {
        Ok(String::new())
    }
}

#[derive(Session)]
struct Visit {
    #[session(with = hex)]
    views: u64,
}

fn main() {}
