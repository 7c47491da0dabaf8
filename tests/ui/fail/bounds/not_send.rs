use session::Session;

#[derive(Session)]
struct Shop {
    // rustc adds that the struct is not `Send` and not `Sync` either.
    shared: std::rc::Rc<u8>,
}

fn main() {}
