//! The smallest reader and writer of fields: a JSON object.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use session::__private::{ReadFields, WriteFields};
use session::{Field, SessionData};

/// Members by the keys of `T`'s table.
struct Members<'a>(&'a [&'static str], Map<String, Value>);

impl ReadFields for Members<'_> {
    type Error = serde_json::Error;

    fn field<F: Field>(
        &mut self,
        index: usize,
        initial: impl FnOnce() -> F,
    ) -> Result<F, serde_json::Error> {
        decoded(self.1.remove(self.0[index]), initial)
    }
}

fn decoded<F: DeserializeOwned>(
    member: Option<Value>,
    initial: impl FnOnce() -> F,
) -> Result<F, serde_json::Error> {
    member.map_or_else(|| Ok(initial()), serde_json::from_value)
}

impl WriteFields for Members<'_> {
    type Error = serde_json::Error;

    fn field<F: Serialize + ?Sized>(
        &mut self,
        index: usize,
        value: &F,
    ) -> Result<(), serde_json::Error> {
        self.1.insert(self.0[index].to_owned(), serde_json::to_value(value)?);
        Ok(())
    }
}

fn keys<T: SessionData>() -> Vec<&'static str> {
    T::FIELDS.iter().map(|field| field.name).collect()
}

/// Reads a state from an object.
pub fn read<T: SessionData>(members: Value) -> Result<T, serde_json::Error> {
    let Value::Object(members) = members else {
        panic!("tests give objects");
    };
    T::read(&mut Members(&keys::<T>(), members))
}

/// Writes a state as an object.
pub fn written<T: SessionData>(state: &T) -> Value {
    let keys = keys::<T>();
    let mut members = Members(&keys, Map::new());
    state.write(&mut members).expect("the fields of tests can be encoded");
    json!(members.1)
}

/// The request of hooks.
pub fn request(uri: &str) -> http::request::Parts {
    let request = http::Request::get(uri).body(()).expect("tests give valid URIs");
    request.into_parts().0
}
