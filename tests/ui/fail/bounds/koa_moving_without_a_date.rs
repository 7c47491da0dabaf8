use session::compat::koa::{KoaCookies, KoaKeys};
use session::{Keys, Session, SessionLayer};

#[derive(Session)]
struct Visit {
    views: u64,
}

fn layer(keys: Keys, theirs: KoaKeys) {
    let _ = SessionLayer::<Visit>::signed(keys).moving_from(KoaCookies::new(theirs));
}

fn main() {}
