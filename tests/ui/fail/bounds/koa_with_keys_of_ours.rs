use session::Keys;
use session::compat::koa::KoaCookies;

fn cookies(keys: Keys) {
    let _ = KoaCookies::new(keys);
}

fn main() {}
