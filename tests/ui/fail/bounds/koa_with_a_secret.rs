use session::compat::koa::{KoaCookies, KoaKeys};
use session::{Session, SessionLayer};

#[derive(Session)]
struct Visit {
    #[session(secret)]
    token: String,
}

fn layer(keys: KoaKeys) {
    let _ = SessionLayer::<Visit>::koa(KoaCookies::new(keys));
}

fn main() {}
