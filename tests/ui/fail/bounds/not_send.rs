use session::Session;

#[derive(Session)]
struct Shop {
    shared: std::rc::Rc<u8>,
}

fn main() {}
