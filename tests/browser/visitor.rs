//! A visitor: one browser before one running clinic, and the places worth going to.

use crate::support::{
    browser::{Browser, Driver, View},
    clinic::{Clinic, sound},
};
use std::sync::Arc;

/// Somewhere a visitor can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An address.
    Page(String),
    /// The form with mistakes in it, sent back.
    Faulty,
}

/// An article with a picture, takeaways, questions, sources, and the form at its foot.
pub const ARTICLE: &str = "/articles/when-a-partner-shuts-down";
/// Where nothing is.
pub const MISSING: &str = "/no-such-page";

pub struct Visitor {
    pub browser: Browser,
    pub clinic: Clinic,
    _driver: Arc<Driver>,
}

impl Visitor {
    pub async fn new(view: View) -> Self {
        Self::at(Clinic::start(), view).await
    }

    pub async fn at(clinic: Clinic, view: View) -> Self {
        let driver = Driver::shared();
        let browser = driver.open(view).await;
        Self { browser, clinic, _driver: driver }
    }

    pub async fn open(&self, path: &str) {
        self.browser.goto(&self.clinic.url(path)).await;
    }

    pub async fn visit(&self, place: &Place) {
        match place {
            Place::Page(path) => self.open(path).await,
            Place::Faulty => {
                self.open("/contact").await;
                self.browser.run(MISTAKES).await;
                comes_back(&self.browser).await;
            }
        }
    }

    /// Every page of the sitemap, and what stands in none: a receipt, a wrong address, a form with mistakes.
    pub fn everywhere(&self) -> Vec<Place> {
        let sitemap = self.clinic.get("/sitemap.xml").body;
        let mut places: Vec<Place> = sitemap
            .split("<loc>")
            .skip(1)
            .map(|rest| rest.split("</loc>").next().expect("a split has a first part"))
            .map(|address| Place::Page(url::Url::parse(address).expect("an address").path().to_owned()))
            .collect();
        assert!(places.len() > 15, "the sitemap lists the library: {places:?}");
        places.extend([self.receipt(), Place::Page(MISSING.to_owned()), Place::Faulty]);
        places
    }

    /// One page of each kind.
    pub fn kinds(&self) -> Vec<Place> {
        let mut places: Vec<Place> =
            ["/", "/articles", "/topics/couples", ARTICLE, "/approach", "/staying-safe-online", "/contact", MISSING]
                .map(|path| Place::Page(path.to_owned()))
                .to_vec();
        places.extend([self.receipt(), Place::Faulty]);
        places
    }

    /// The page that thanks, after a form was sent over HTTP.
    pub fn receipt(&self) -> Place {
        Place::Page(self.clinic.post(&sound()).is(303).header("location").to_owned())
    }

    pub async fn leave(self) {
        self.browser.close().await;
    }
}

/// Sends a form with a mistake of nearly every kind; both groups of questions are open afterwards.
const MISTAKES: &str = "
    const form = document.querySelector('form.form');
    form.querySelector('#channel-phone').checked = true;
    form.elements.phone.value = '12';
    form.elements.email.value = 'ana@';
    form.elements.times.value = 'x'.repeat(400);
    form.elements.message.value = 'word '.repeat(400);
    form.submit();";

/// Waits until the form with its mistakes is on the screen: loaded, and painted (a page that is still fading in is not
/// there yet for anybody).
pub async fn comes_back(browser: &Browser) {
    let there = "return document.readyState === 'complete' && document.title.startsWith('Error: ') &&
        performance.getEntriesByType('paint').length > 0";
    browser.until("the form with its mistakes", there).await;
}

/// A sentence that names every fault found, one a line.
#[track_caller]
pub fn none(faults: &[String], what: &str) {
    assert!(faults.is_empty(), "{what}, {} times:\n{}", faults.len(), faults.join("\n"));
}
