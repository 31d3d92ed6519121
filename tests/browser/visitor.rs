//! A visitor: one browser with one running program, and the pages to visit.

use crate::support::{
    browser::{Browser, Driver, View},
    clinic::{Clinic, valid_form},
};
use std::sync::Arc;

/// A page to visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A path.
    Page(String),
    /// The form as it returns after it was submitted with errors.
    InvalidForm,
}

/// An article with a picture, takeaways, questions, sources, and the form below it.
pub const ARTICLE: &str = "/articles/when-a-partner-shuts-down";
/// A path without a page.
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
            Place::InvalidForm => {
                self.open("/contact").await;
                self.browser.run(SUBMIT_INVALID_FORM).await;
                form_returns(&self.browser).await;
            }
        }
    }

    /// Every page of the sitemap, and a receipt, a missing page and the invalid form.
    pub fn all_places(&self) -> Vec<Place> {
        let sitemap = self.clinic.get("/sitemap.xml").body;
        let mut places: Vec<Place> = sitemap
            .split("<loc>")
            .skip(1)
            .map(|rest| rest.split("</loc>").next().expect("a split has a first part"))
            .map(|address| Place::Page(url::Url::parse(address).expect("an address").path().to_owned()))
            .collect();
        assert!(places.len() > 15, "the sitemap lists the articles: {places:?}");
        places.extend([self.receipt(), Place::Page(MISSING.to_owned()), Place::InvalidForm]);
        places
    }

    /// One page of each kind.
    pub fn one_of_each_kind(&self) -> Vec<Place> {
        let mut places: Vec<Place> =
            ["/", "/articles", "/topics/couples", ARTICLE, "/approach", "/staying-safe-online", "/contact", MISSING]
                .map(|path| Place::Page(path.to_owned()))
                .to_vec();
        places.extend([self.receipt(), Place::InvalidForm]);
        places
    }

    /// The receipt of a form that is posted over HTTP.
    pub fn receipt(&self) -> Place {
        Place::Page(self.clinic.post(&valid_form()).is(303).header("location").to_owned())
    }

    pub async fn close(self) {
        self.browser.close().await;
    }
}

/// Submits a form with nearly every kind of error; both groups of conditional fields are shown afterwards.
const SUBMIT_INVALID_FORM: &str = "
    const form = document.querySelector('form.form');
    form.querySelector('#channel-phone').checked = true;
    form.elements.phone.value = '12';
    form.elements.email.value = 'ana@';
    form.elements.times.value = 'x'.repeat(400);
    form.elements.message.value = 'word '.repeat(400);
    form.submit();";

/// Waits until the form with its errors is loaded and painted (during the transition of pages it is not).
pub async fn form_returns(browser: &Browser) {
    let there = "return document.readyState === 'complete' && document.title.startsWith('Error: ') &&
        performance.getEntriesByType('paint').length > 0";
    browser.wait_until("the form with its errors", there).await;
}

/// Fails with every fault on its own line.
#[track_caller]
pub fn assert_none(faults: &[String], what: &str) {
    assert!(faults.is_empty(), "{what} ({} faults):\n{}", faults.len(), faults.join("\n"));
}
