//! The real program over HTTP, with the shipped content: rules for every page, and the form from post to letter.

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod admin;
mod cards;
mod counts;
mod enquiries;
mod feeds;
mod form;
mod letters;
mod links;
mod lists;
mod load;
mod long_texts;
mod page_size;
mod pages;
mod privacy;
mod reload;
mod search;
mod secrets;
mod structured_data;
mod supervision;
