//! The testbed of the examples from outside: it is started as anybody would start it, and asked over
//! HTTP. Every server listens on 127.0.0.1 only and is stopped by the test that started it.

mod answer;
mod bed;
mod originals;
mod page;
mod program;
