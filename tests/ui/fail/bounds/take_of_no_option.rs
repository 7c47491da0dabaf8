use session::{Session, TypedSession};

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Cart;

#[derive(Session)]
struct Visit {
    cart: Cart,
}

fn handler(mut session: TypedSession<Visit>) {
    session.take_cart();
}

fn main() {}
