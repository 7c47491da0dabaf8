//! Layers with sessions of theirs.

use super::payload::Dialect;
use super::{KoaCookies, Moving, WithDate};
use crate::data::{NoIndexes, NoSecrets, SessionData};
use crate::layer::{SessionBuilder, SessionLayer};

impl<T: SessionData> SessionLayer<T> {
    /// Sessions in the cookies of koa-session or egg, side by side with a Node application that reads
    /// and writes them too. See [`compat::koa`](crate::compat::koa) for what that can't promise.
    ///
    /// The idle lifetime starts anew whenever the session is written, as in koa, unless the struct or
    /// [`extend`](SessionBuilder::extend) says otherwise. Members that the struct does not know stay.
    pub fn koa(cookies: KoaCookies) -> SessionBuilder<T>
    where
        T: NoSecrets + NoIndexes,
    {
        SessionBuilder::foreign(cookies.option(|key| Dialect::Session.reserves(key)))
    }
}

impl<T: SessionData, M> SessionBuilder<T, M> {
    /// Moves sessions of koa-session, koa-generic-session or egg over: one of theirs is read if a
    /// request has no cookie of ours; ours is written with the response, and theirs is removed.
    pub fn moving_from(self, moving: impl WithDate) -> Self {
        let Moving { from, until } = moving.moving();
        self.old(from, until)
    }
}
