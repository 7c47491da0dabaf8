//! The process's own memory.
