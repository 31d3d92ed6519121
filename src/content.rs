//! Content: Markdown articles and pages and the clinic's facts, read from a folder and checked.
//!
//! Invariant: a [`Site`] is complete. Every link, picture, footnote and address in it leads somewhere, or [`load()`] returns
//! all faults at once with file, line, column and remedy instead.
//!
//! Never: HTTP, templates, the clock or the environment. `today` is an argument.

mod addresses;
mod article;
mod clinic;
mod document;
mod facts;
mod fault;
mod front_matter;
mod load;
mod markdown;
mod published_addresses;
mod related;
pub mod signals;
mod site;
mod source;
mod telephones;

pub use addresses::most_similar_page;
pub use clinic::{
    Address, Availability, AvailabilityState, Clinic, Crisis, Facts, FormFacts, HelpLine, HelpLink, Hours, Licensee,
    Link, Reply,
};
pub use facts::{SearchFacts, Synonyms, clinic_facts, zone};
pub use fault::{Fault, Faults, Level};
pub use load::{Loaded, load};
pub use markdown::{ARTICLE_TEMPLATE_IDS, TEMPLATE_IDS};
pub use published_addresses::record;
pub use signals::SignalFacts;
pub use site::{
    Article, Figure, Heading, Home, Html, Page, Person, Piece, Prose, Question, Review, SLOTS, Site, Takeaway, Topic,
};
