//! A real browser before the real program: every page at every width, the accessibility engine, and the form as people
//! use it.
//!
//! One driver serves a test; each walks many pages with one browser, since opening is slow.

#[path = "../support/mod.rs"]
mod support;

mod form;
mod pages;
