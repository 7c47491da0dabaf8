//! Everything that generated code could lean on means something else here.
#![deny(warnings, unused_qualifications)]
#![allow(dead_code, non_camel_case_types, non_upper_case_globals)]
#![allow(unused_imports, unused_macros)]

mod app {
    use ::session::Session;

    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Ok;
    pub struct Err;
    pub struct String;
    pub struct Vec;
    pub struct Box;
    pub struct Sessions;
    pub struct SessionsBy;
    pub struct u32;
    pub struct usize;
    pub struct bool;
    pub struct str;
    pub trait Default {}
    pub trait Deref {}
    pub trait Serialize {}
    pub trait Deserialize {}
    pub mod core {}
    pub mod std {}
    pub mod serde {}
    pub mod session {}
    pub const value: u8 = 0;
    pub const from: u8 = 1;
    pub const to: u8 = 1;
    pub static index: u8 = 2;
    pub static other: u8 = 3;
    pub static base: u8 = 3;
    pub static request: u8 = 3;
    pub fn initial() {}
    pub fn swap() {}
    macro_rules! unreachable { () => { compile_error!("not mine") } }
    macro_rules! unimplemented { () => { compile_error!("not mine") } }
    pub(crate) use {unimplemented, unreachable};

    fn check(_: &u64) -> ::core::primitive::bool {
        true
    }

    mod hex {
        use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

        pub fn serialize<S: Serializer>(
            value: &u64,
            to: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            value.serialize(to)
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> ::core::result::Result<u64, D::Error> {
            u64::deserialize(from)
        }
    }

    #[derive(Session)]
    #[session(max_age = "1d", version = 1)]
    pub struct Visit {
        #[session(valid = check, merge = sum)]
        pub views: u64,
        #[session(skip)]
        pub cache: u64,
        #[session(with = hex)]
        pub color: u64,
        pub notice: ::core::option::Option<::std::string::String>,
        pub self_: u64,
        pub value: u64,
        pub from: u64,
        pub index: u64,
        pub other: u64,
        #[session(index)]
        pub base: u64,
        #[session(index)]
        pub request: ::core::option::Option<::std::string::String>,
    }
}

fn main() {}
