//! Words: the Markdown articles, the pages and the clinic's facts, read from a folder and checked.
//!
//! Invariant: a [`Site`] is whole. Every link, picture, footnote and address in it leads somewhere, or [`load()`] returns
//! all faults at once with file, line, column and remedy instead.
//!
//! Never: HTTP, templates, the clock or the environment. `today` is an argument.

mod address;
mod article;
mod clinic;
mod facts;
mod fault;
mod folder;
mod front;
mod ledger;
mod lint;
mod load;
mod markdown;
mod other;
mod related;
mod search;
pub mod signals;
mod site;

pub use address::likeliest;
pub use clinic::{
    Address, Availability, AvailabilityState, Clinic, Crisis, Facts, FormFacts, HelpLine, Hours, Licensee, Link, Reply,
    Way,
};
pub use facts::{clinic_facts, zone};
pub use fault::{Fault, Faults, Level};
pub use ledger::record;
pub use load::{Loaded, load};
pub use search::{Same, SearchFacts};
pub use signals::SignalFacts;
pub use site::{
    Article, Figure, Heading, Home, Html, Page, Person, Picture, Piece, Prose, Question, Review, SLOTS, Site, Takeaway,
    Topic,
};
