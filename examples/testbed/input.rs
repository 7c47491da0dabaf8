//! What requests bring: the session, a query, a JSON body; each refused with a JSON answer.

use crate::answer::Failure;
use crate::state::State;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value};
use session::{Deserializable, SessionData, TypedSession};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A session; refused in JSON.
pub(crate) struct Open<T: SessionData = State>(pub(crate) TypedSession<T>);

impl<S: Send + Sync, T: SessionData> FromRequestParts<S> for Open<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let session = <TypedSession<T> as FromRequestParts<S>>::from_request_parts(parts, state);
        Ok(Self(session.await?))
    }
}

/// The query.
pub(crate) struct Asked<Q>(pub(crate) Q);

impl<S: Send + Sync, Q: DeserializeOwned> FromRequestParts<S> for Asked<Q> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Query(query) = Query::try_from_uri(&parts.uri)
            .map_err(|e| Failure::bad("bad_query", e.body_text()))?;
        Ok(Self(query))
    }
}

/// A JSON object, whatever its content type says; no body is an empty one.
pub(crate) struct Sent<B>(pub(crate) B);

impl<S: Send + Sync, B: FromObject> FromRequest<S> for Sent<B> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|e| Failure::new(e.status(), "bad_body", e.body_text()))?;
        let object = if bytes.is_empty() { Ok(Map::new()) } else { serde_json::from_slice(&bytes) };
        let object = object.map_err(|e| Failure::bad("bad_json", e.to_string()))?;
        B::from_object(object).map(Self)
    }
}

/// Made of the members of a JSON object.
pub(crate) trait FromObject: Sized {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure>;
}

/// Reads a known set of members.
pub(crate) fn members<T: DeserializeOwned>(
    object: Map<String, Value>,
    known: &[&str],
) -> Result<T, Failure> {
    if let Some(unknown) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Failure::bad("unknown_field", format!("there is no field `{unknown}`")));
    }
    serde_json::from_value(Value::Object(object))
        .map_err(|e| Failure::bad("bad_value", e.to_string()))
}

/// New values for some fields of [`State`].
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Changes {
    #[serde(deserialize_with = "given")]
    pub(crate) views: Option<u64>,
    #[serde(deserialize_with = "given")]
    pub(crate) user: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    pub(crate) note: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    pub(crate) colour: Option<String>,
    #[serde(deserialize_with = "given")]
    pub(crate) cart: Option<BTreeMap<String, u32>>,
    #[serde(deserialize_with = "given")]
    pub(crate) scratch: Option<HashMap<String, String>>,
    #[serde(deserialize_with = "given")]
    pub(crate) hits: Option<u64>,
    #[serde(deserialize_with = "given")]
    pub(crate) tags: Option<BTreeSet<String>>,
}

impl FromObject for Changes {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        members(object, &State::NAMES)
    }
}

/// A whole new [`State`]; what is not given is initial.
pub(crate) struct Whole(pub(crate) State);

impl FromObject for Whole {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        let Deserializable(state) = members(object, &State::NAMES)?;
        Ok(Self(state))
    }
}

/// New values for some fields of [`Admin`](crate::state::Admin).
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct AdminChanges {
    #[serde(deserialize_with = "given")]
    pub(crate) note: Option<Option<String>>,
}

impl FromObject for AdminChanges {
    fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        members(object, &["note"])
    }
}

/// A member that is there has a value, be it `null`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
