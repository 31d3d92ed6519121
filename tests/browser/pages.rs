//! Rules for all pages: nothing overflows, nothing is cut off, no layout shift, nothing is stored or sent to other
//! hosts.

use crate::{
    support::browser::{DESKTOP, PHONE, View},
    visitor::{ARTICLE, MISSING, Place, Visitor, assert_none},
};
use serde_json::Value;

/// The narrowest window of WCAG 1.4.10: a desktop at 400 % zoom.
const NARROW: View = View { width: 320, height: 640, ..PHONE };

/// Collects violations of the content security policy and script errors, from the start of the page.
const REPORTS: &str = "
    globalThis.reports = [];
    addEventListener('securitypolicyviolation', (e) => reports.push(`${e.violatedDirective} ${e.blockedURI}`), true);
    addEventListener('error', (e) => reports.push(`error ${e.message ?? e.target}`), true);
    addEventListener('unhandledrejection', (e) => reports.push(`rejection ${e.reason}`));";

/// Scrolls through the page, so that lazy pictures load; then returns what happened.
const LOADED: &str = "return (async () => {
    const frame = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    const root = document.scrollingElement;
    for (let y = 0; y < root.scrollHeight; y += innerHeight) { root.scrollTop = y; await frame(); }
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
    await frame();
    root.scrollTop = 0;
    await frame();
    const shifts = await new Promise((go) => {
        const seen = [];
        const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
        observer.observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => setTimeout(() => { seen.push(...observer.takeRecords()); go(seen); }));
    });
    // The browser fetches an icon, the manifest and the speculation rules without an entry; the first two are added.
    // In development, the page also waits for changes, which does not count.
    const icon = document.querySelector('link[rel=icon][type]').href;
    const manifest = document.querySelector('link[rel=manifest]')?.href;
    const requests = performance.getEntriesByType('resource').map((entry) => entry.name);
    return {
        shift: shifts.reduce((sum, entry) => sum + entry.value, 0),
        moved: shifts.flatMap((entry) => entry.sources.map((source) => source.node?.className ?? source.node?.nodeName)),
        elsewhere: requests.filter((name) => new URL(name).origin !== location.origin),
        requests: [location.href, ...new Set([...requests, icon, manifest])].filter((name) => name && !/[/]dev/.test(name)),
        broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
        stored: [document.cookie, ...Object.keys(localStorage), ...Object.keys(sessionStorage),
            ...(await indexedDB.databases()).map((base) => base.name), ...(await caches.keys())].filter(Boolean),
        reports,
    };
})()";

/// Overflow: a page wider than the window, and boxes that hide a part of their text.
const OVERFLOW: &str = "
    const root = document.scrollingElement, found = [];
    if (root.scrollWidth > root.clientWidth) {
        const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
        found.push(`sideways ${root.scrollWidth} > ${root.clientWidth}: ` +
            wide.slice(-3).map((e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`).join(', '));
    }
    for (const e of document.querySelectorAll('body *')) {
        const style = getComputedStyle(e);
        const hides = [style.overflowX, style.overflowY].some((way) => way === 'hidden' || way === 'clip');
        if (!hides || e.clientHeight <= 1 || !e.checkVisibility() || !e.textContent.trim()) continue;
        if (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
            found.push(`cut off: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`);
    }
    return found;";

/// The spacing of WCAG 1.4.12, in a style sheet that a mode adopts or not.
const WIDEN: &str = "
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
        p { margin-block-end: 2em !important }`);";

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|entry| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned)).collect()
}

/// The faults of overflow in the current window.
pub async fn overflow_faults(visitor: &Visitor) -> Vec<String> {
    strings(&visitor.browser.run(OVERFLOW).await)
}

async fn check_overflow(visitor: &Visitor, place: &Place, how: &str) -> Vec<String> {
    overflow_faults(visitor).await.iter().map(|fault| format!("{place:?} {how}: {fault}")).collect()
}

/// Sets the window and waits until the page has its width.
pub async fn set_view(visitor: &Visitor, view: View) {
    visitor.browser.set_view(view).await;
    let width = format!("return innerWidth === {}", view.width);
    visitor.browser.wait_until("the window's width", &width).await;
}

/// Chromium logs the status of an error page, which is no fault.
fn is_own_status(place: &Place, message: &str) -> bool {
    match place {
        Place::Page(path) => path == MISSING && message.contains("status of 404"),
        Place::InvalidForm => message.contains("status of 422"),
    }
}

async fn faults_of(visitor: &Visitor, place: &Place) -> Vec<String> {
    let mut faults = Vec::new();
    let seen = visitor.browser.run(LOADED).await;
    if seen["shift"] != 0 {
        faults.push(format!("{place:?}: layout shift {} of {}", seen["shift"], seen["moved"]));
    }
    for kind in ["elsewhere", "broken", "stored", "reports"] {
        faults.extend(strings(&seen[kind]).iter().map(|fault| format!("{place:?}: {kind}: {fault}")));
    }
    let article = matches!(place, Place::Page(path) if path.starts_with("/articles/"));
    let requests = strings(&seen["requests"]);
    if article && requests.len() > 6 {
        faults.push(format!("{place:?}: {} requests: {requests:?}", requests.len()));
    }
    let console = visitor.browser.console().await;
    faults.extend(console.iter().filter(|m| !is_own_status(place, m)).map(|m| format!("{place:?}: console: {m}")));
    faults
}

/// Loads every page in `view`, then also checks the dark scheme and a narrow window.
async fn check_all(view: View) {
    let visitor = Visitor::new(view).await;
    visitor.browser.before_each_page(REPORTS).await;
    let mut faults = Vec::new();
    for place in visitor.all_places() {
        set_view(&visitor, view).await;
        visitor.visit(&place).await;
        faults.extend(faults_of(&visitor, &place).await);
        for seen in [view, View { dark: true, ..view }, View { dark: true, ..NARROW }, NARROW] {
            set_view(&visitor, seen).await;
            let scheme = if seen.dark { "dark" } else { "light" };
            faults.extend(check_overflow(&visitor, &place, &format!("{} px {scheme}", seen.width)).await);
        }
    }
    let cookies = visitor.browser.devtools("Storage.getCookies", serde_json::json!({})).await;
    assert_eq!(cookies["cookies"], serde_json::json!([]), "no cookie of any kind");
    visitor.close().await;
    assert_none(&faults, "a page breaks a rule");
}

#[tokio::test]
async fn every_page_fits_without_shifts_or_third_parties_on_a_phone() {
    check_all(PHONE).await;
}

#[tokio::test]
async fn every_page_fits_without_shifts_or_third_parties_on_a_desktop() {
    check_all(DESKTOP).await;
}

#[tokio::test]
async fn no_text_is_cut_off_when_readers_widen_or_enlarge_it() {
    let visitor = Visitor::new(PHONE).await;
    let modes = [
        ("root size 200 %", "document.adoptedStyleSheets = []; document.documentElement.style.fontSize = '200%';"),
        ("spacing", "document.adoptedStyleSheets = [sheet]; document.documentElement.style.fontSize = '';"),
    ];
    let mut faults = Vec::new();
    for place in visitor.all_places() {
        visitor.visit(&place).await;
        for (mode, script) in modes {
            visitor.browser.run(&format!("{WIDEN}{script}")).await;
            for view in [PHONE, NARROW, DESKTOP] {
                set_view(&visitor, view).await;
                faults.extend(check_overflow(&visitor, &place, &format!("{mode} at {} px", view.width)).await);
            }
        }
    }
    visitor.close().await;
    assert_none(&faults, "text does not fit");
}

#[tokio::test]
async fn no_text_is_cut_off_with_twice_the_default_text_size() {
    let large = |view| View { text: 32, ..view };
    let visitor = Visitor::new(large(PHONE)).await;
    let mut faults = Vec::new();
    for place in visitor.all_places() {
        visitor.visit(&place).await;
        let size = visitor.browser.run("return getComputedStyle(document.documentElement).fontSize").await;
        assert_eq!(size, "32px", "the reader's default size is used");
        for view in [PHONE, NARROW, DESKTOP] {
            set_view(&visitor, view).await;
            faults.extend(check_overflow(&visitor, &place, &format!("own size 200 % at {} px", view.width)).await);
        }
    }
    visitor.close().await;
    assert_none(&faults, "text does not fit");
}

#[tokio::test]
async fn an_article_is_prefetched_on_hover_and_the_form_is_not() {
    let visitor = Visitor::new(DESKTOP).await;
    for (from, link, expected) in [("/articles", ARTICLE, "navigational-prefetch"), ("/", "/contact", "")] {
        visitor.open(from).await;
        visitor.browser.wait_until("the page", "return document.readyState === 'complete'").await;
        let selector = format!("main a[href='{link}']");
        visitor.browser.hover(&selector).await;
        visitor.browser.click(&selector).await;
        visitor.browser.wait_for_path(link).await;
        let way = visitor.browser.run("return performance.getEntriesByType('navigation')[0].deliveryType").await;
        assert_eq!(way, expected, "{from} to {link}");
    }
    assert_eq!(visitor.browser.console().await, Vec::<String>::new(), "the policy allows it");
    visitor.close().await;
}

/// The checks find faults on a page that is broken on purpose.
#[tokio::test]
async fn the_checks_find_a_shift_an_overflow_a_cut_text_and_stored_data() {
    let visitor = Visitor::new(PHONE).await;
    visitor.browser.before_each_page(REPORTS).await;
    visitor.open("/approach").await;
    let broken = "
        const wide = document.createElement('p');
        wide.textContent = 'word '.repeat(20);
        wide.style.cssText = 'inline-size: 60rem; block-size: 1em; overflow: hidden';
        document.querySelector('main').prepend(wide);
        const image = new Image();
        image.src = 'https://elsewhere.invalid/pixel.gif';
        localStorage.setItem('word', 'x');
        document.cookie = 'word=x';
        return new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go))));";
    // One frame before, so that something is painted that can move.
    visitor.browser.run("return new Promise((go) => requestAnimationFrame(() => setTimeout(go)))").await;
    visitor.browser.run(broken).await;
    let place = Place::Page("/approach".to_owned());
    let found = faults_of(&visitor, &place).await.join("\n") + &check_overflow(&visitor, &place, "").await.join("\n");
    for sign in ["layout shift", "stored: word", "img-src", "console:", "sideways", "cut off"] {
        assert!(found.contains(sign), "no {sign} in:\n{found}");
    }
    visitor.close().await;
}
