//! The real program over HTTP, with the shipped words: rules that hold on every page, and the form from post to letter.

#[path = "../support/mod.rs"]
mod support;

mod counts;
mod form;
mod letters;
mod pages;
mod renewal;
