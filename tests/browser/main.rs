//! A real browser before the real program: every page in every mode, and the form as people use it.
//!
//! One driver serves all tests; each test opens one browser and walks many pages with it, since opening is slow.

#[path = "../support/mod.rs"]
mod support;

mod axe;
mod exit;
mod extremes;
mod focus;
mod form;
mod gallery;
mod live;
mod mistakes;
mod pages;
mod states;
mod visitor;
