//! What a store can do wrong, and which checks of the suite must say so.

/// `Fault: "must.fail", ..; "may.fail", ..`
macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $fault:ident: $($must:literal),+; $($may:literal),*)*) => {
        /// One thing that a store does wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $doc])+ $fault,)*
        }

        impl Fault {
            pub const ALL: &[Self] = &[$(Self::$fault),*];

            /// The checks whose rule it breaks.
            pub fn caught_by(self) -> &'static [&'static str] {
                match self { $(Self::$fault => &[$($must),+],)* }
            }

            /// The checks, or themes of checks, that may trip over it as well.
            pub fn seen_by(self) -> &'static [&'static str] {
                match self { $(Self::$fault => &[$($may),*],)* }
            }
        }
    };
}

faults! {
    /// A new row loses a part of its times.
    CreateForgetsTimes: "create.makes", "model.sequence", "bodies.numbers"; ""
    /// `create` is an upsert.
    CreateOverwritesLive: "create.live", "create.race", "model.sequence"; "expiry.refused", "model.", "cancel."
    /// `create` takes the place of an expired row.
    CreateOverwritesExpired: "create.expired"; "model.", "cancel."
    /// `create` takes the place of a deleted row.
    CreateOverwritesEnded: "create.ended", "delete.outlives"; "model.", "cancel."
    /// `create` looks first and writes then.
    CreateRaces: "create.race"; "model.concurrent", "cancel.whole"

    /// `update` writes the times and the revision only.
    UpdateKeepsBody: "update.replaces"; "update.", "touch.", "bodies.", "races.", "counting.", "model.", "cancel."
    /// `update` is an upsert.
    UpdateCreates: "update.missing"; "model.", "cancel."
    /// `update` does not look at the row's end.
    UpdateRevivesExpired: "update.expired"; "update.shortens", "create.expired", "delete.expired", "expiry.", "model.", "cancel."
    /// `update` takes a deleted row for one that it may replace.
    UpdateRevivesEnded: "update.ended"; "races.update_delete", "model.", "cancel."
    /// `update` counts the last millisecond as over.
    UpdateEndsEarly: "update.last_moment"; "model.", "cancel."
    /// `update` does not compare.
    UpdateIgnoresRevision: "update.conflict", "races.updates", "counting.one_client"; "touch.", "update.", "races.", "expiry.refused", "counting.", "model.", "cancel."
    /// `update` compares the low 32 bits of revisions.
    UpdateComparesHalf: "update.conflict"; "update.conflict_record"
    /// The row of a conflict is the one that was offered.
    ConflictGivesOffer: "update.conflict_record", "races.updates"; "races.", "counting.", "model.", "cancel."
    /// `update` always sets its own times.
    UpdateUndoesTouch: "update.later_end", "touch.revision"; "update.", "races.touch_update", "model.", "cancel."
    /// `update` keeps the later end and mixes it with its own other times.
    UpdateMixesTimes: "update.later_end"; "touch.revision", "races.touch_update", "model.", "cancel."
    /// `update` keeps the later end even if it may shorten.
    UpdateNeverShortens: "update.shortens"; "touch.other_revision", "model.", "cancel."

    /// `touch` says so and does nothing.
    TouchDoesNothing: "touch.extends"; "touch.", "update.conflict_record", "races.", "expiry.touch_keeps", "model.", "cancel."
    /// `touch` makes a new revision.
    TouchCounts: "touch.revision", "touch.extends"; "touch.", "update.conflict_record", "races.", "expiry.", "model.", "cancel."
    /// `touch` always sets its times.
    TouchShortens: "touch.never_shortens", "races.touches"; "expiry.refused", "model.", "cancel."
    /// `touch` is an upsert.
    TouchCreates: "touch.missing"; "model.", "cancel."
    /// `touch` does not look at the row's end.
    TouchRevivesExpired: "touch.expired"; "expiry.refused", "model.", "cancel."
    /// `touch` takes a deleted row for one that it may write.
    TouchRevivesEnded: "touch.ended"; "races.touch_delete", "model.", "cancel."
    /// `touch` counts the last millisecond as over.
    TouchEndsEarly: "touch.last_moment"; "model.", "cancel."
    /// `touch` does not compare the revision.
    TouchIgnoresRevision: "touch.other_revision"; "expiry.refused", "model.", "cancel."

    /// `delete` removes, and remembers nothing.
    DeleteForgets: "delete.ends"; "delete.", "create.ended", "update.ended", "touch.ended", "races.", "model.", "cancel."
    /// `delete` ends a new row only.
    DeleteComparesRevision: "delete.revision"; "races.update_delete", "model.", "cancel."
    /// `delete` takes an expired row for gone.
    DeleteSparesExpired: "delete.expired"; "model.", "cancel."
    /// `delete` leaves a mark where nothing was.
    DeleteMarksNothing: "delete.missing"; "delete.", "model.", "cancel."
    /// A deleted row is never forgotten.
    DeleteIsForever: "delete.forgets", "delete.zero";
    /// The second delete remembers anew.
    DeleteAgainRemembers: "delete.forgets"; "delete.zero"
    /// No time means for ever, as some engines have it.
    DeleteZeroIsForever: "delete.zero";
    /// A deleted row is remembered as long as the row was kept.
    DeleteLeavesKeep: "delete.outlives"; "delete."

    /// `load` hides what has expired, by a clock that the library does not ask.
    LoadHidesExpired: "expiry.as_it_is"; "expiry.refused", "create.expired", "update.expired", "touch.expired", "delete.", "model.", "cancel."
    /// The engine throws rows away after half of their time.
    KeepIsHalf: "expiry.kept";
    /// `update` leaves the engine's lifetime as it was.
    UpdateLeavesKeep: "expiry.update_keeps";
    /// `touch` leaves the engine's lifetime as it was.
    TouchLeavesKeep: "expiry.touch_keeps";
    /// `update` sets the engine's lifetime, also to less.
    UpdateSetsLessKeep: "expiry.longer_keep";
    /// What does nothing sets the engine's lifetime all the same.
    RefusedSetsKeep: "expiry.refused";

    /// Bodies are text.
    BodiesAreText: "bodies.binary"; "bodies.", "counting."
    /// Bodies end at a zero.
    BodiesEndAtZero: "bodies.binary"; "bodies.", "counting."
    /// Bodies have at most 64 KiB.
    BodiesAreCut: "bodies.large";
    /// Numbers go through floats.
    NumbersAreFloats: "bodies.numbers";
    /// Keys are compared as text without case.
    KeysFoldCase: "keys.one_bit"; "keys.hostile"
    /// Keys end at a zero.
    KeysEndAtZero: "keys.hostile"; ""
    /// Keys are cut to half.
    KeysAreCut: "keys.one_bit"; "keys.hostile"

    /// `update` compares first and writes then.
    UpdateRaces: "races.updates", "counting.one_client", "counting.two_clients", "counting.fields"; "races.", "model.concurrent", "cancel."
    /// `update` compares and writes under a lock that other processes don't know.
    LockPerClient: "races.updates", "counting.two_clients"; "counting.fields", "races.", "model.concurrent", "cancel."
    /// `update` puts its row back where a delete came between.
    UpdateMeetsDelete: "races.update_delete"; "model.concurrent", "cancel."
    /// `update` takes the later of its end and of the one it saw before.
    UpdateMeetsTouch: "races.touch_update"; "model.concurrent", "cancel."
    /// `touch` reads the row, and writes all of it.
    TouchWritesRow: "races.touch_update"; "races.", "model.concurrent", "cancel."
    /// `touch` puts its row back where a delete came between.
    TouchMeetsDelete: "races.touch_delete"; "model.concurrent", "cancel."
    /// `touch` compares ends first and writes then.
    TouchMeetsTouch: "races.touches"; "model.concurrent", "cancel."
    /// `delete` looks first and writes then.
    DeleteRaces: "races.deletes"; "model.concurrent", "cancel."

    /// A row that was touched can't be shortened any more.
    TouchedNeverShortens: "model.sequence"; "model.", "cancel."
    /// `update` answers first and writes then.
    UpdateIsLate: "model.concurrent", "update.replaces"; "update.", "touch.", "delete.", "bodies.", "races.", "counting.", "model.", "cancel.", "expiry."

    /// An answer that nobody takes is the next one's.
    AnswersStay: "cancel.own_data"; "cancel.", "index.apart"
    /// `create` makes an empty row first and fills it then.
    CreateInTwoSteps: "cancel.own_data"; "create.race", "model.concurrent", "cancel."
    /// `update` writes the body first, and the revision with the times then.
    UpdateInTwoSteps: "cancel.whole"; "races.", "counting.", "model.concurrent"

    /// Members come in the order in which they were put in.
    IndexUnsorted: "index.members", "index.pages"; "index."
    /// The bytes of members are compared as signed numbers.
    IndexSigned: "index.pages"; "index."
    /// A member that is put in twice is in it twice.
    IndexTwice: "index.members", "index.model"; "index."
    /// A page begins with the last member of the one before.
    IndexIncludesAfter: "index.pages", "index.model";
    /// Pages have no limit.
    IndexUnlimited: "index.pages", "index.model";
    /// Sets share the keys of rows.
    IndexIsARow: "index.apart";
    /// A member is taken out of all sets.
    IndexRemovesAll: "index.apart", "index.model";
    /// A set is read, changed, and written.
    IndexRaces: "index.at_once";
    /// A set is kept as long as its latest member was to be.
    IndexKeepsLast: "index.longest_keep";
    /// A member that is put in again is kept for the time of the last call.
    IndexKeepsLess: "index.longest_keep";
    /// A set that was empty stays empty.
    IndexStaysEmpty: "index.model"; "index.at_once"
}
