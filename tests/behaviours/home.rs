//! One body, two homes.

use session::store::RowKey;
use session::{SessionData, SessionHandle, TypedSession};
use session_tests::{Reply, Shelf, Site, Traced, Visitor};
use sha2::{Digest, Sha256};
use std::ops::Deref;
use tracing::Level;

/// Where the state lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Cookie,
    Store,
}

/// A site, and the shelf of its sessions: one that nobody asks, in a cookie home.
pub struct World<T> {
    pub site: Site<T>,
    pub shelf: Shelf,
    pub home: Home,
}

impl<T> Deref for World<T> {
    type Target = Site<T>;

    fn deref(&self) -> &Site<T> {
        &self.site
    }
}

/// A world of this type, with what the closure says to the builder. The builders of the two homes
/// differ in type, and so the closure is there twice.
macro_rules! open {
    ($home:expr, $type:ty, $with:expr) => {
        match $home {
            $crate::home::Home::Cookie => $crate::home::World {
                site: session_tests::site::<$type, _>($with),
                shelf: session_tests::Shelf::default(),
                home: $crate::home::Home::Cookie,
            },
            $crate::home::Home::Store => {
                let (site, shelf) = session_tests::stored_site::<$type, _>($with);
                $crate::home::World { site, shelf, home: $crate::home::Home::Store }
            }
        }
    };
}

/// Another type, or other options, on a world's keys or shelf and clock.
macro_rules! beside {
    ($world:expr, $type:ty, $with:expr) => {
        $crate::home::World {
            site: match $world.home {
                $crate::home::Home::Cookie => $world.site.beside($crate::home::apply(
                    session::SessionLayer::<$type>::signed(session_tests::ring("k")),
                    $with,
                )),
                $crate::home::Home::Store => $world.site.beside($crate::home::apply(
                    session::SessionLayer::<$type>::stored($world.shelf.clone()),
                    $with,
                )),
            },
            shelf: $world.shelf.clone(),
            home: $world.home,
        }
    };
}

/// Makes `cookie::NAME` and `store::NAME` of each body.
macro_rules! both_homes {
    ($($name:ident),* $(,)?) => {
        mod cookie {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::home::Home::Cookie).await;
            })*
        }

        mod store {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::home::Home::Store).await;
            })*
        }
    };
}

/// What a request does to its session.
pub type Act<T> = fn(&mut TypedSession<T>);

/// So that a closure knows what it is given.
pub fn apply<A, B>(to: A, act: impl FnOnce(A) -> B) -> B {
    act(to)
}

impl<T: SessionData> World<T> {
    pub fn named(mut self, name: &str) -> Self {
        self.site = self.site.named(name);
        self
    }

    pub fn stored(&self) -> bool {
        self.home == Home::Store
    }

    /// A request that does this to its session.
    pub async fn does(&self, cookie: &str, act: fn(&mut TypedSession<T>)) -> Reply {
        self.run(cookie, async move |mut s: TypedSession<T>| act(&mut s)).await
    }

    /// A request that answers what it sees.
    pub async fn says(&self, cookie: &str, say: fn(&mut TypedSession<T>) -> String) -> Reply {
        self.run(cookie, async move |mut s: TypedSession<T>| say(&mut s)).await
    }

    /// Somebody who brings a live session; nothing was heard of it yet.
    pub fn guest(&self, state: T) -> Visitor<'_, T> {
        let visitor = self.site.visitor_with(state);
        self.forget_the_calls();
        visitor
    }

    /// What was asked of the store and told until now is forgotten.
    pub fn forget_the_calls(&self) {
        self.shelf.calls();
        self.shelf.leases();
        self.events.take();
    }

    /// The store was asked this since then; in a cookie home nothing.
    #[track_caller]
    pub fn costs(&self, calls: &[&str]) {
        let expected: &[&str] = if self.stored() { calls } else { &[] };
        assert_eq!(self.shelf.calls(), expected);
    }

    /// The events since then, without those of sessions that were merely loaded.
    pub fn news(&self) -> Vec<String> {
        let mut events = self.events.take();
        events.retain(|event| event != "loaded");
        events
    }
}

/// What visitors do, as [`World::does`] and [`World::says`], and they keep the cookie.
pub trait Does<T: SessionData> {
    async fn does(&mut self, act: fn(&mut TypedSession<T>)) -> Reply;
    async fn says(&mut self, say: fn(&mut TypedSession<T>) -> String) -> Reply;
}

impl<T: SessionData> Does<T> for Visitor<'_, T> {
    async fn does(&mut self, act: fn(&mut TypedSession<T>)) -> Reply {
        self.sends(async move |mut s: TypedSession<T>| act(&mut s)).await
    }

    async fn says(&mut self, say: fn(&mut TypedSession<T>) -> String) -> Reply {
        self.sends(async move |mut s: TypedSession<T>| say(&mut s)).await
    }
}

/// The token in `name=token`.
pub fn token_of(cookie: &str) -> &str {
    cookie.split_once('=').expect("a pair").1
}

/// What stands behind the value and Max-Age in a Set-Cookie line.
pub fn attributes(reply: &Reply) -> String {
    let line = reply.line().expect("a cookie");
    line[line.find("; Path=").expect("a path")..].to_owned()
}

/// The key of a row, as `docs/wire-format.md` has it.
pub fn key_of(schema: &str, handle: Option<SessionHandle>) -> RowKey {
    let handle = handle.expect("a session in a store").to_string();
    let mut bytes = Vec::new();
    for part in ["session: stored sessions, 1", "row", schema] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    for at in (0..handle.len()).step_by(2) {
        bytes.push(u8::from_str_radix(&handle[at..at + 2], 16).expect("hexadecimal"));
    }
    RowKey::from_bytes(Sha256::digest(&bytes).into())
}

/// What was traced at this level since it was last asked, each line as text; the rest is gone, too.
pub fn traced(log: &Traced, level: Level) -> Vec<String> {
    let lines = log.take().into_iter().filter(|line| line.level == level);
    lines.map(|line| format!("{} {:?}", line.target, line.fields)).collect()
}
