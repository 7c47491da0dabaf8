use session::Session;

mod hex {
    pub fn serialize<S: serde::Serializer>(_: &super::Color, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(1)
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<super::Color, D::Error> {
        Ok(super::Color)
    }
}

struct Color;

#[derive(Session)]
struct Visit {
    #[session(with = hex)]
    color: Color,
}

fn main() {}
