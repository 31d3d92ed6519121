//! The quick exit: by button or by three presses of Shift, and Back does not return.

use crate::{
    support::{
        browser::{Browser, DESKTOP, NO_SCRIPT, PHONE, View},
        clinic::TIMEOUT,
        content_folder::ContentFolder,
    },
    visitor::{ARTICLE, MISSING, Place, Visitor},
};
use fantoccini::key::Key;
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Instant,
};

/// Another site. It ends with the test binary.
fn other_site() -> String {
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

/// A visitor of a site whose exit leads to a server of the test.
struct ExitTest {
    visitor: Visitor,
    away: String,
    _content: ContentFolder,
}

impl ExitTest {
    async fn new(view: View) -> Self {
        let (content, away) = (ContentFolder::copied(), other_site());
        content.replace_line("clinic.toml", "exit_url", &format!("exit_url = \"{away}/weather\""));
        let clinic = content.open(&[]);
        Self { visitor: Visitor::at(clinic, view).await, away, _content: content }
    }

    fn browser(&self) -> &Browser {
        &self.visitor.browser
    }

    /// Visits another page first, so that there is a history to go back to.
    async fn open(&self, path: &str) {
        self.browser().goto(&format!("{}/before", self.away)).await;
        self.visitor.open(path).await;
    }

    async fn history(&self) -> u64 {
        self.browser().run("return history.length").await.as_u64().expect("a length")
    }

    async fn assert_left(&self, before: u64, how: &str) {
        self.browser().wait_for_path("/weather").await;
        assert_eq!(self.history().await, before, "{how}: the exit replaced the page in the history");
        self.browser().client.back().await.expect("Back works");
        self.browser().wait_for_path("/before").await;
    }
}

#[tokio::test]
async fn the_button_leaves_the_site_and_back_does_not_return() {
    let test = ExitTest::new(PHONE).await;
    for path in ["/contact", ARTICLE, "/staying-safe-online"] {
        test.open(path).await;
        let before = test.history().await;
        test.browser().click(".leave__button").await;
        test.assert_left(before, path).await;
    }
    test.visitor.close().await;
}

#[tokio::test]
async fn the_second_link_at_the_top_leaves_the_site_by_keyboard() {
    let test = ExitTest::new(PHONE).await;
    test.open("/contact").await;
    let before = test.history().await;
    test.browser().press(Key::Tab).await;
    test.browser().press(Key::Tab).await;
    let name = test.browser().run("return document.activeElement.textContent").await;
    assert_eq!(name, "Exit this page", "the second stop");
    test.browser().press(Key::Enter).await;
    test.assert_left(before, "the link beside the skip link").await;
    test.visitor.close().await;
}

const LEAVING: &str = "return !!document.querySelector('.exit-overlay')";

#[tokio::test]
async fn three_presses_of_shift_leave_the_site_even_while_typing_and_fewer_do_nothing() {
    let test = ExitTest::new(PHONE).await;
    for (path, field) in [("/contact", "#name"), ("/contact", "#message"), (ARTICLE, "h1")] {
        test.open(path).await;
        let before = test.history().await;
        test.browser().run(&format!("document.querySelector({field:?}).focus()")).await;
        let shift = char::from(Key::Shift);
        for key in [shift, shift, 'a', shift, shift] {
            test.browser().press(key).await;
            assert_eq!(test.browser().run(LEAVING).await, false, "{path}: too early");
        }
        test.browser().press(Key::Shift).await;
        test.assert_left(before, path).await;
    }
    test.visitor.close().await;
}

#[tokio::test]
async fn shift_does_nothing_on_a_page_without_the_exit() {
    let test = ExitTest::new(PHONE).await;
    test.open("/").await;
    for _ in 0..3 {
        test.browser().press(Key::Shift).await;
    }
    assert_eq!(test.browser().run("return location.pathname").await, "/");
    assert_eq!(test.browser().run(LEAVING).await, false);
    test.visitor.close().await;
}

#[tokio::test]
async fn the_page_is_covered_before_the_other_site_answers() {
    let test = ExitTest::new(DESKTOP).await;
    test.open("/contact").await;
    // In one task of the page, so that no answer can arrive in between.
    let at_once = "
        document.querySelector('.leave__button').click();
        const cover = document.querySelector('.exit-overlay');
        const points = [[1, 1], [innerWidth - 2, 1], [1, innerHeight - 2], [innerWidth - 2, innerHeight - 2], [innerWidth / 2, innerHeight / 2]];
        const ground = getComputedStyle(cover).backgroundColor;
        return [points.every(([x, y]) => cover.contains(document.elementFromPoint(x, y))), ground, location.pathname];";
    let seen = test.browser().run(at_once).await;
    assert_eq!(seen[0], true, "the cover is above everything");
    let ground = seen[1].as_str().unwrap_or_default();
    assert!(!ground.contains("/ 0") && !ground.starts_with("rgba"), "the cover is opaque: {ground}");
    assert_eq!(seen[2], "/contact", "it was there before the other page");
    test.browser().wait_for_path("/weather").await;
    test.visitor.close().await;
}

#[tokio::test]
async fn without_script_the_button_is_a_link_without_referrer() {
    let test = ExitTest::new(NO_SCRIPT).await;
    test.open("/contact").await;
    test.browser().click(".leave__button").await;
    test.browser().wait_for_path("/weather").await;
    assert_eq!(test.browser().run("return document.referrer").await, "", "no referrer is sent");
    test.visitor.close().await;
}

/// The sticky exit button after the page was scrolled to its end: entirely in the window and not covered.
const IN_SIGHT: &str = "
    document.scrollingElement.scrollTop = document.scrollingElement.scrollHeight;
    const exit = document.querySelector('.leave__button');
    if (!exit) return 'absent';
    const box = exit.getBoundingClientRect();
    const whole = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
    const free = exit.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
    const large = box.width >= 44 && box.height >= 44;
    const position = `${Math.round(box.left)},${Math.round(box.top)} ${Math.round(box.width)}x${Math.round(box.height)}`;
    return whole && free && large ? 'there' : `whole ${whole}, free ${free}, large ${large}: ${position}`;";

async fn assert_button_in_sight(visitor: &Visitor, how: &str) {
    let page = |path: &str| Place::Page(path.to_owned());
    for place in [
        page("/contact"),
        page(ARTICLE),
        page("/staying-safe-online"),
        page(MISSING),
        visitor.receipt(),
        Place::InvalidForm,
    ] {
        visitor.visit(&place).await;
        assert_eq!(visitor.browser.run(IN_SIGHT).await, "there", "{how}: {place:?}");
    }
    for path in ["/", "/articles", "/approach", "/privacy"] {
        visitor.open(path).await;
        assert_eq!(visitor.browser.run(IN_SIGHT).await, "absent", "{how}: {path}");
    }
}

#[tokio::test]
async fn the_exit_button_stays_in_sight_to_the_end_of_sensitive_pages_and_is_on_no_other() {
    let visitor = Visitor::new(PHONE).await;
    for view in [PHONE, DESKTOP, View { width: 320, height: 256, ..PHONE }] {
        visitor.browser.set_view(view).await;
        assert_button_in_sight(&visitor, &format!("{} by {}", view.width, view.height)).await;
    }
    visitor.close().await;
    let visitor = Visitor::new(View { width: 320, height: 640, text: 32, ..PHONE }).await;
    assert_button_in_sight(&visitor, "320 px with text of twice the size").await;
    visitor.close().await;
}

/// Records what covers the exit button, or the first link where there is none, when the transition to a page begins.
/// On a busy machine the browser may show a page without one.
const TRANSITION: &str = "
    globalThis.change = 'none';
    addEventListener('pagereveal', (event) => !event.viewTransition ? change = 'skipped' : event.viewTransition.ready.then(() => {
        const wanted = document.querySelector('.leave__button, .site-nav__link'), box = wanted.getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        change = hit === wanted ? 'free' : hit?.className || hit?.tagName;
    }, () => { change = 'skipped'; }));";

#[tokio::test]
async fn exit_and_links_can_be_clicked_during_page_transitions() {
    let visitor = Visitor::new(DESKTOP).await;
    visitor.browser.before_each_page(TRANSITION).await;
    // The driver takes links of a closed `details` for hidden, although the stylesheet shows those of the navigation.
    let clicks = [
        ("/", "main a[href='/contact']"),
        ("/articles", "main a[href^='/articles/']"),
        (ARTICLE, ".brand"),
        ("/articles", ".site-footer a[href='/privacy']"),
        ("/approach", ".brand"),
        ("/", "main a[href='/articles/the-quarrel-that-repeats']"),
    ];
    let (begun, mut transitions, mut count) = (Instant::now(), 0, 0);
    while count < clicks.len() || transitions == 0 {
        assert!(begun.elapsed() < TIMEOUT, "{count} pages and no transition, so nothing was tested");
        let (from, link) = clicks[count % clicks.len()];
        count += 1;
        visitor.open(from).await;
        visitor.browser.click(link).await;
        let there = format!("return location.pathname !== {from:?} && change !== 'none' && change");
        let over = visitor.browser.wait_until("a transition", &there).await;
        assert!(over == "free" || over == "skipped", "from {from}: {over} covers it");
        transitions += usize::from(over == "free");
    }
    visitor.close().await;
}
