//! The stores of the tower-sessions ecosystem.
