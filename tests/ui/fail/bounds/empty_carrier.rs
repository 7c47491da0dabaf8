use session::Carrier;

struct Query;

impl Carrier for Query {}

fn main() {}
