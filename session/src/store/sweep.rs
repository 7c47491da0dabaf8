//! Throwing expired rows away, in the background.
