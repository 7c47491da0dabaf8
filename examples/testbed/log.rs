//! `--log`: what the library says by `tracing`, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The library's own lines, of any level; of all else what is amiss.
pub(crate) fn start() {
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr);
    let targets =
        Targets::new().with_default(LevelFilter::WARN).with_target("session", LevelFilter::TRACE);
    tracing_subscriber::registry().with(targets).with(lines).init();
}
