use session::Session;

#[derive(Session)]
enum Step {
    #[session(skip)]
    Cart,
    Paid {
        #[session(rename = "at")]
        when: u64,
    },
}

fn main() {}
