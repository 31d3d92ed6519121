//! End-to-end tests: a real browser against the real program. Every page in every mode, and the form as people use it.
//!
//! All tests share one driver; each test opens one browser for many pages, since opening is slow.

#[path = "../support/mod.rs"]
mod support;

mod axe;
mod first_screen;
mod focus;
mod form;
mod form_errors;
mod live_reload;
mod media;
mod page_states;
mod pages;
mod quick_exit;
mod screenshots;
mod visitor;
