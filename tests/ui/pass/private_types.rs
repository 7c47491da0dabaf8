//! The types of private fields may be private, and need nothing but serde: with `with` not even that.
#![deny(warnings, private_interfaces, private_bounds)]

pub mod state {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Grant;

    struct Color;

    #[derive(Default)]
    struct Cache;

    #[derive(session::Session)]
    pub struct Visit {
        grant: Option<Grant>,
        #[session(with = hex, default = Color)]
        color: Color,
        #[session(skip)]
        cache: Cache,
    }

    mod hex {
        pub(super) fn serialize<S: serde::Serializer>(
            _: &super::Color,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            to.serialize_u8(1)
        }

        pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
            from: D,
        ) -> Result<super::Color, D::Error> {
            serde::Deserialize::deserialize(from).map(|_: u8| super::Color)
        }
    }

    pub fn handler(session: &mut session::TypedSession<Visit>) {
        session.clear_grant();
        session.set_color(Color);
        session.set_cache(Cache);
    }
}

fn main() {}
