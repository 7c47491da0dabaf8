//! Sessions that koa-session, koa-generic-session and egg wrote, and that they can read.

mod cookies;
mod hostile;
mod moving;
mod support;
mod vectors;
