//! What may cross threads, be cloned and be shown.

use crate::support::Visit;
use session::*;
use std::fmt::Debug;

fn shared<T: Send + Sync + 'static>() {}
fn sent<T: Send + 'static>() {}
fn cloned<T: Clone>() {}
fn shown<T: Debug>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

// Does not compile when a type loses one of these: that would break its users.
#[test]
fn public_types_are_send_sync_and_where_promised_clone() {
    shared::<Keys>();
    shared::<SessionLayer<Visit>>();
    shared::<SessionBuilder<Visit>>();
    shared::<SessionService<(), Visit>>();
    sent::<SessionFuture<std::future::Ready<()>, Visit>>();
    shared::<TypedSession<Visit>>();
    shared::<Changed<Visit>>();
    shared::<Payload>();
    shared::<Json>();
    shared::<HeaderCarrier>();
    shared::<SessionHandle>();

    cloned::<Keys>();
    cloned::<SessionLayer<Visit>>();
    cloned::<SessionService<(), Visit>>();
    cloned::<HeaderCarrier>();
    cloned::<SessionHandle>();
    cloned::<SystemClock>();
    cloned::<testing::ManualClock>();

    shown::<Keys>();
    shown::<SessionLayer<Visit>>();
    shown::<SessionBuilder<Visit>>();
    shown::<SessionService<(), Visit>>();
    shown::<TypedSession<Visit>>();
    shown::<Changed<Visit>>();
    shown::<Payload>();
    shown::<Event<'_>>();

    error::<KeysError>();
    error::<BuildError>();
    error::<CookieError>();
    error::<CommitError>();
    error::<MaxAgeError>();
    error::<EncodeError>();
    error::<DecodeError>();
    error::<MergeError>();
    error::<SessionRejection>();
}
