use session::Session;

#[derive(Session)]
#[session(cookie = "sid", max_age = "soon", migrate = upgrade)]
struct Visit {
    #[session(renam = "x")]
    a: u8,
    #[session(skip, rotate)]
    b: u8,
    #[session(ttl = 15, default)]
    c: u8,
    name: &'static str,
    id: u64,
    #[session(rename = "a")]
    d: u8,
    #[session]
    e: u8,
}

fn main() {}
