//! The marks by which a layer knows what a type asks of its home.

use session::{MergesByLastOnly, NoIndexes, NoSecrets, Session};

/// Whether a type has a mark: where it does, the inherent constant comes before the trait's.
macro_rules! has {
    ($ty:ty: $mark:ident) => {{
        #[allow(dead_code, reason = "not asked where the type has the mark")]
        trait No {
            const HAS: bool = false;
        }

        impl<T> No for Of<T> {}

        struct Of<T>(std::marker::PhantomData<T>);

        #[allow(dead_code, reason = "not there where the type lacks the mark")]
        impl<T: $mark> Of<T> {
            const HAS: bool = true;
        }

        <Of<$ty>>::HAS
    }};
}

#[derive(Session)]
struct Plain {
    #[session(rotate, keep)]
    user: Option<u64>,
    #[session(merge = last)]
    views: u64,
}

#[derive(Session)]
struct Indexed {
    #[session(index, accessor = false)]
    user: Option<u64>,
}

#[derive(Session)]
struct Merged {
    #[session(merge = reject)]
    views: u64,
}

#[derive(Session)]
struct Secret {
    #[session(secret)]
    token: String,
}

#[test]
fn rule_5_each_mark_is_there_unless_a_field_denies_it() {
    let plain = (has!(Plain: NoIndexes), has!(Plain: MergesByLastOnly), has!(Plain: NoSecrets));
    assert_eq!(plain, (true, true, true));
    let indexed =
        (has!(Indexed: NoIndexes), has!(Indexed: MergesByLastOnly), has!(Indexed: NoSecrets));
    assert_eq!(indexed, (false, true, true), "also without `by_user`");
    let merged = (has!(Merged: NoIndexes), has!(Merged: MergesByLastOnly), has!(Merged: NoSecrets));
    assert_eq!(merged, (true, false, true));
    let secret = (has!(Secret: NoIndexes), has!(Secret: MergesByLastOnly), has!(Secret: NoSecrets));
    assert_eq!(secret, (true, true, false));
}
