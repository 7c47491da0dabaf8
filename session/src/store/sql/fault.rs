//! What went wrong, in the store's words. Engines like to quote values in their messages and in
//! the details behind them; a session's must not get into a log, so that their own errors are
//! not passed on but described.

use super::engine::{Engine, Options};
use crate::store::{StoreError, StoreErrorKind};
use std::fmt;
use std::io::ErrorKind;

/// What an engine's error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Unavailable,
    Timeout,
    Busy,
    /// The engine undid the statement to resolve a deadlock, or because it came too late among
    /// concurrent ones: it may be run again.
    Undone,
    Refused,
    NoTable,
    /// The table is there and has other columns.
    OtherTable,
    TooLarge,
    /// There is a row with this key.
    Taken,
    Other,
}

/// An error of an engine.
pub(super) struct Said {
    pub(super) meaning: Meaning,
    /// The engine's own code.
    pub(super) code: String,
}

/// A statement that failed.
pub(super) struct Fault {
    pub(super) meaning: Meaning,
    source: Source,
}

enum Source {
    /// Something between us and the engine. Its text is sqlx's or the operating system's.
    Between(sqlx::Error),
    Unconnected(Unconnected),
    Engine(EngineError),
}

/// There is no connection, and what may be the matter.
#[derive(Debug)]
struct Unconnected {
    advice: String,
    source: sqlx::Error,
}

impl fmt::Display for Unconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.advice)
    }
}

impl std::error::Error for Unconnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// In place of the engine's own error.
#[derive(Debug)]
struct EngineError {
    advice: Option<String>,
    code: String,
    message: Option<String>,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(advice) = &self.advice {
            write!(f, "{advice}: ")?;
        }
        write!(f, "the database's error {}", self.code)?;
        match &self.message {
            Some(message) => write!(f, ", {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for EngineError {}

impl Fault {
    pub(super) fn new<E: Engine>(error: sqlx::Error, table: &str) -> Self {
        let sqlx::Error::Database(error) = error else {
            return Self { meaning: meaning(&error), source: Source::Between(error) };
        };
        let Said { meaning, code } = E::said(&*error);
        let advice = match meaning {
            Meaning::NoTable => Some(format!(
                "there is no table `{table}`, or its `{table}_index` is missing; call `migrate()` \
                 or run the SQL of the docs"
            )),
            Meaning::OtherTable => Some(format!(
                "the table `{table}` or `{table}_index` has not the columns of a session store, it \
                 may be another program's; nothing was changed, choose another name with `table`"
            )),
            _ => None,
        };
        // Of these it is known that no value stands in the message.
        let message = match meaning {
            Meaning::OtherTable | Meaning::TooLarge | Meaning::Taken | Meaning::Other => None,
            _ => Some(error.message().to_owned()),
        };
        Self { meaning, source: Source::Engine(EngineError { advice, code, message }) }
    }

    /// There is no connection to be had.
    pub(super) fn unconnected<E: Engine>(
        error: sqlx::Error,
        options: &Options<E>,
        table: &str,
    ) -> Self {
        let (place, away) = (E::place(options), E::AWAY);
        let broken_off = matches!(error, sqlx::Error::Protocol(_));
        let Self { meaning, source } = Self::new::<E>(error, table);
        let no_tls = matches!(&source, Source::Between(error) if is_of_tls(error));
        let meaning = match meaning {
            // A line that breaks in the middle of a greeting reads as nonsense.
            _ if broken_off => Meaning::Unavailable,
            _ if no_tls => Meaning::Refused,
            meaning => meaning,
        };
        let source = match source {
            Source::Engine(error) => {
                let advice = Some(format!("{place} can't be used"));
                Source::Engine(EngineError { advice, ..error })
            }
            Source::Between(source) => {
                let advice = match &source {
                    _ if no_tls && !cfg!(feature = "sql-tls") => {
                        format!("no TLS with {place}: that takes the feature `sql-tls`")
                    }
                    _ if no_tls => format!(
                        "no TLS with {place}: does the server offer it, and is its certificate \
                         trusted? The address may name whom to trust: `{}=FILE`",
                        E::AUTHORITY
                    ),
                    sqlx::Error::PoolTimedOut => format!(
                        "no connection to {place} in time: {away}, or are all connections in use?"
                    ),
                    sqlx::Error::Io(error) if error.kind() == ErrorKind::NotFound => format!(
                        "no connection to {place}: {away}, and are the files there that the \
                         address names?"
                    ),
                    sqlx::Error::Io(_) => format!("no connection to {place}: {away}?"),
                    _ => format!("no connection to {place}"),
                };
                Source::Unconnected(Unconnected { advice, source })
            }
            unconnected @ Source::Unconnected(_) => unconnected,
        };
        Self { meaning, source }
    }

    /// The statement took longer than it may.
    pub(super) fn late() -> Self {
        let error = std::io::Error::new(ErrorKind::TimedOut, "no answer within the time limit");
        Self { meaning: Meaning::Timeout, source: Source::Between(sqlx::Error::Io(error)) }
    }

    /// The same, known to come of a statement that is too long.
    pub(super) fn too_large(self) -> Self {
        Self { meaning: Meaning::TooLarge, ..self }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        let kind = match fault.meaning {
            Meaning::Unavailable => StoreErrorKind::Unavailable,
            Meaning::Timeout => StoreErrorKind::Timeout,
            Meaning::Busy | Meaning::Undone => StoreErrorKind::Busy,
            Meaning::Refused | Meaning::NoTable | Meaning::OtherTable => StoreErrorKind::Refused,
            Meaning::TooLarge => StoreErrorKind::TooLarge,
            Meaning::Taken | Meaning::Other => StoreErrorKind::Other,
        };
        match fault.source {
            Source::Between(error) => Self::new(kind, error),
            Source::Unconnected(error) => Self::new(kind, error),
            Source::Engine(error) => Self::new(kind, error),
        }
    }
}

/// Whether a connection failed because of TLS. What rustls holds against a certificate comes as
/// invalid data.
fn is_of_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        _ => false,
    }
}

/// Of an error that is not the engine's.
fn meaning(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Io(error) => match error.kind() {
            ErrorKind::TimedOut => Meaning::Timeout,
            ErrorKind::PermissionDenied => Meaning::Refused,
            ErrorKind::StorageFull => Meaning::Busy,
            _ => Meaning::Unavailable,
        },
        sqlx::Error::PoolTimedOut => Meaning::Timeout,
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Meaning::Unavailable,
        sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) | sqlx::Error::Tls(_) => {
            Meaning::Refused
        }
        // Only the body's length varies among what is encoded.
        sqlx::Error::Encode(_) => Meaning::TooLarge,
        _ => Meaning::Other,
    }
}

/// The address of a database, if it has one of the `schemes`. What is wrong with an address is not
/// told: a password may stand at any place of a wrong one.
pub(super) fn address<O: std::str::FromStr<Err = sqlx::Error>>(
    url: &str,
    schemes: &[&str],
) -> Result<O, StoreError> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| schemes.contains(&scheme)) {
        let text = format!("the address of this store begins with `{}:`", schemes[0]);
        return Err(StoreError::new(StoreErrorKind::Refused, text));
    }
    url.parse().map_err(|_| {
        let text = "the address of the database is not a valid one, or has an unknown option";
        StoreError::new(StoreErrorKind::Refused, text)
    })
}
