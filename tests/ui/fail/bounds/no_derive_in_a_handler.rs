use axum::{Router, routing::get};
use session::TypedSession;

struct Shop;

async fn index(_: TypedSession<Shop>) {}

fn main() {
    let _: Router = Router::new().route("/", get(index));
}
