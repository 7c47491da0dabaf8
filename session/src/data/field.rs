//! What a field's type must be able to do.

use serde::{Serialize, de::DeserializeOwned};

/// A type that can be stored in a session. Implemented for every type that is
/// `serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static`.
///
/// Write it as the bound of a generic session: `struct Visit<T: Field> { .. }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be stored in a session",
    label = "not a session field",
    note = "session fields must be `serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static`",
    note = "to keep this value only for the request, mark the field `#[session(skip)]`"
)]
pub trait Field: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Field for T {}
