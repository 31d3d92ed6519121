//! Leaving quickly: at once, by button or by three presses of Shift, and without a way back.

use crate::{
    support::{
        browser::{Browser, DESK, NO_SCRIPT, PHONE, View},
        words::Words,
    },
    visitor::{ARTICLE, MISSING, Place, Visitor},
};
use fantoccini::key::Key;
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

/// Another site, which says nothing about anybody. It ends with the test binary.
fn elsewhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!doctype html><title>Elsewhere</title><p>Weather";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    format!("http://{address}")
}

/// A visitor of a clinic whose exit leads to a site of the test's own.
struct Leaver {
    visitor: Visitor,
    away: String,
    _words: Words,
}

impl Leaver {
    async fn new(view: View) -> Self {
        let (words, away) = (Words::copied(), elsewhere());
        words.replace_line("clinic.toml", "exit_url", &format!("exit_url = \"{away}/weather\""));
        let clinic = words.open(&[]);
        Self { visitor: Visitor::at(clinic, view).await, away, _words: words }
    }

    fn browser(&self) -> &Browser {
        &self.visitor.browser
    }

    /// Comes from another page, so that there is something to go back to.
    async fn comes_to(&self, path: &str) {
        self.browser().goto(&format!("{}/before", self.away)).await;
        self.visitor.open(path).await;
    }

    async fn history(&self) -> u64 {
        self.browser().run("return history.length").await.as_u64().expect("a length")
    }

    async fn is_away_and_cannot_come_back(&self, before: u64, how: &str) {
        self.browser().arrives_at("/weather").await;
        assert_eq!(self.history().await, before, "{how}: the exit took the page's place in the history");
        self.browser().client.back().await.expect("Back works");
        self.browser().arrives_at("/before").await;
    }
}

#[tokio::test]
async fn the_button_leads_away_and_back_does_not_return() {
    let leaver = Leaver::new(PHONE).await;
    for path in ["/contact", ARTICLE, "/staying-safe-online"] {
        leaver.comes_to(path).await;
        let before = leaver.history().await;
        leaver.browser().click(".leave__button").await;
        leaver.is_away_and_cannot_come_back(before, path).await;
    }
    leaver.visitor.leave().await;
}

#[tokio::test]
async fn the_second_link_at_the_top_leads_away_by_keyboard() {
    let leaver = Leaver::new(PHONE).await;
    leaver.comes_to("/contact").await;
    let before = leaver.history().await;
    leaver.browser().press(Key::Tab).await;
    leaver.browser().press(Key::Tab).await;
    let name = leaver.browser().run("return document.activeElement.textContent").await;
    assert_eq!(name, "Exit this page", "the second stop");
    leaver.browser().press(Key::Enter).await;
    leaver.is_away_and_cannot_come_back(before, "the link beside the skip link").await;
    leaver.visitor.leave().await;
}

const LEAVING: &str = "return !!document.querySelector('.exit-overlay')";

#[tokio::test]
async fn three_presses_of_shift_lead_away_even_while_writing_and_fewer_do_nothing() {
    let leaver = Leaver::new(PHONE).await;
    for (path, field) in [("/contact", "#name"), ("/contact", "#message"), (ARTICLE, "h1")] {
        leaver.comes_to(path).await;
        let before = leaver.history().await;
        leaver.browser().run(&format!("document.querySelector({field:?}).focus()")).await;
        let shift = char::from(Key::Shift);
        for key in [shift, shift, 'a', shift, shift] {
            leaver.browser().press(key).await;
            assert_eq!(leaver.browser().run(LEAVING).await, false, "{path}: too early");
        }
        leaver.browser().press(Key::Shift).await;
        leaver.is_away_and_cannot_come_back(before, path).await;
    }
    leaver.visitor.leave().await;
}

#[tokio::test]
async fn shift_does_nothing_on_a_page_without_the_exit() {
    let leaver = Leaver::new(PHONE).await;
    leaver.comes_to("/").await;
    for _ in 0..3 {
        leaver.browser().press(Key::Shift).await;
    }
    assert_eq!(leaver.browser().run("return location.pathname").await, "/");
    assert_eq!(leaver.browser().run(LEAVING).await, false);
    leaver.visitor.leave().await;
}

#[tokio::test]
async fn everything_is_covered_before_the_other_site_answers() {
    let leaver = Leaver::new(DESK).await;
    leaver.comes_to("/contact").await;
    // In one turn of the page's own loop: no answer can have come in between.
    let at_once = "
        document.querySelector('.leave__button').click();
        const cover = document.querySelector('.exit-overlay');
        const points = [[1, 1], [innerWidth - 2, 1], [1, innerHeight - 2], [innerWidth - 2, innerHeight - 2], [innerWidth / 2, innerHeight / 2]];
        const ground = getComputedStyle(cover).backgroundColor;
        return [points.every(([x, y]) => cover.contains(document.elementFromPoint(x, y))), ground, location.pathname];";
    let seen = leaver.browser().run(at_once).await;
    assert_eq!(seen[0], true, "the cover lies over everything");
    let ground = seen[1].as_str().unwrap_or_default();
    assert!(!ground.contains("/ 0") && !ground.starts_with("rgba"), "the cover is opaque: {ground}");
    assert_eq!(seen[2], "/contact", "it was there before the other page");
    leaver.browser().arrives_at("/weather").await;
    leaver.visitor.leave().await;
}

#[tokio::test]
async fn without_script_the_button_is_a_link_that_leads_away_and_tells_nothing() {
    let leaver = Leaver::new(NO_SCRIPT).await;
    leaver.comes_to("/contact").await;
    leaver.browser().click(".leave__button").await;
    leaver.browser().arrives_at("/weather").await;
    assert_eq!(leaver.browser().run("return document.referrer").await, "", "no word of where the visitor was");
    leaver.visitor.leave().await;
}

/// The exit that stays, after the page was scrolled to its end: whole, in the window, with nothing over it.
const IN_SIGHT: &str = "
    document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight;
    const exit = document.querySelector('.leave__button');
    if (!exit) return 'absent';
    const box = exit.getBoundingClientRect();
    const whole = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
    const free = exit.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
    const large = box.width >= 44 && box.height >= 44;
    const words = `${Math.round(box.left)},${Math.round(box.top)} ${Math.round(box.width)}x${Math.round(box.height)}`;
    return whole && free && large ? 'there' : `whole ${whole}, free ${free}, large ${large}: ${words}`;";

async fn stays(visitor: &Visitor, how: &str) {
    let page = |path: &str| Place::Page(path.to_owned());
    for place in
        [page("/contact"), page(ARTICLE), page("/staying-safe-online"), page(MISSING), visitor.receipt(), Place::Faulty]
    {
        visitor.visit(&place).await;
        assert_eq!(visitor.browser.run(IN_SIGHT).await, "there", "{how}: {place:?}");
    }
    for path in ["/", "/articles", "/approach", "/privacy"] {
        visitor.open(path).await;
        assert_eq!(visitor.browser.run(IN_SIGHT).await, "absent", "{how}: {path}");
    }
}

#[tokio::test]
async fn the_exit_stays_in_sight_to_the_end_of_the_page_and_only_where_it_is_needed() {
    let visitor = Visitor::new(PHONE).await;
    for view in [PHONE, DESK, View { width: 320, height: 256, ..PHONE }] {
        visitor.browser.look(view).await;
        stays(&visitor, &format!("{} by {}", view.width, view.height)).await;
    }
    visitor.leave().await;
    let visitor = Visitor::new(View { width: 320, height: 640, text: 32, ..PHONE }).await;
    stays(&visitor, "320 px with text of twice the size").await;
    visitor.leave().await;
}

/// Presses nothing yet: notes what lies over the exit, or over the first link where there is none, when a page begins to
/// fade in, and whether one did.
const CHANGE_OVER: &str = "
    globalThis.change = 'none';
    addEventListener('pagereveal', (event) => event.viewTransition?.ready.then(() => {
        const wanted = document.querySelector('.leave__button, .site-nav__link'), box = wanted.getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        change = hit === wanted ? 'free' : hit?.className || hit?.tagName;
    }, () => { change = 'skipped'; }));";

#[tokio::test]
async fn exit_and_links_can_be_pressed_while_pages_change_over() {
    let visitor = Visitor::new(DESK).await;
    visitor.browser.before_each_page(CHANGE_OVER).await;
    let mut faded = 0;
    for (from, link) in [
        ("/", ".site-nav a[href='/contact']"),
        ("/articles", "main a[href^='/articles/']"),
        (ARTICLE, "a[href='/contact']"),
        ("/articles", ".site-nav a[href='/approach']"),
        ("/approach", ".brand"),
        ("/", "main a[href='/articles/the-quarrel-that-repeats']"),
    ] {
        visitor.open(from).await;
        visitor.browser.click(link).await;
        let there = format!("return location.pathname !== {from:?} && change !== 'none' && change");
        let over = visitor.browser.until("a change of pages", &there).await;
        assert!(over == "free" || over == "skipped", "from {from}: {over} lies over what somebody wants to press");
        faded += usize::from(over == "free");
    }
    assert!(faded > 0, "no page faded in, so nothing was tried");
    visitor.leave().await;
}
