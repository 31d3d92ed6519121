//! Keyboard focus: every stop of the Tab key is visible and not covered, in the order of the page.

use crate::{
    support::browser::{Browser, DESKTOP, PHONE, View},
    visitor::{Place, Visitor, assert_none},
};
use fantoccini::key::Key;
use serde_json::Value;

/// Where the focus is, and what is wrong with it there (WCAG 2.4.7, 2.4.11, 2.4.12, 2.4.13).
const STOP: &str = "
    const e = document.activeElement;
    if (!e || e === document.body || e === document.documentElement) return null;
    const style = getComputedStyle(e), box = e.getClientRects()[0] ?? new DOMRect(), faults = [];
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    if (!ring && style.boxShadow === 'none') faults.push('no ring');
    if (box.width < 2 || box.height < 2) faults.push('too small to see');
    const inside = box.top >= -1 && box.left >= -1 && box.bottom <= innerHeight + 1 && box.right <= innerWidth + 1;
    // In a text area, the browser scrolls only the line with the cursor into the window.
    const line = e.tagName === 'TEXTAREA' && box.top >= 0 && box.top + 32 < innerHeight;
    if (!inside && !line && box.height < innerHeight) faults.push(`outside the window ${Math.round(box.top)} ${Math.round(box.bottom)}`);
    const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
    const y = Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1);
    const hit = document.elementFromPoint(x, y);
    if (!hit || !(e === hit || e.contains(hit))) faults.push(`covered by ${hit?.tagName}.${hit?.className}`);
    for (const bar of document.querySelectorAll('.leave, .leave__button')) {
        const over = bar.getBoundingClientRect();
        if (!bar.contains(e) && !e.closest('header') && getComputedStyle(bar).position === 'sticky' &&
            over.bottom > box.top + 1 && over.top < box.bottom - 1) faults.push('under the sticky bar');
    }
    return {
        order: [...document.querySelectorAll('*')].indexOf(e),
        name: e.id || e.textContent.trim().slice(0, 40) || e.name || e.tagName,
        faults,
    };";

/// A stop of the Tab key.
pub struct Stop {
    pub name: String,
    order: i64,
    pub faults: Vec<String>,
}

/// Presses Tab once; `None` when the focus has left the page.
pub async fn tab(browser: &Browser) -> Option<Stop> {
    browser.press(Key::Tab).await;
    let stop = browser.run(STOP).await;
    let name = stop["name"].as_str()?.to_owned();
    let faults = stop["faults"].as_array().into_iter().flatten().map(|fault| format!("{name}: {fault}")).collect();
    Some(Stop { order: stop["order"].as_i64().unwrap_or_default(), name, faults })
}

/// Tabs through a whole page and returns what is wrong; at least `least` stops are expected.
async fn tab_through(browser: &Browser, least: usize) -> Vec<String> {
    let (mut faults, mut last, mut stops) = (Vec::new(), -1, 0);
    while let Some(stop) = tab(browser).await {
        if stop.order <= last {
            break;
        }
        faults.extend(stop.faults);
        (last, stops) = (stop.order, stops + 1);
    }
    let count = "return [...document.querySelectorAll('a[href], summary, button, input:not([type=hidden]), textarea')]
        .filter((e) => e.tabIndex >= 0 && e.checkVisibility() && e.type !== 'radio').length";
    let known = browser.run(count).await.as_u64().unwrap_or_default();
    if stops < least || (stops as u64) < known {
        faults.push(format!(
            "the focus ended after {stops} stops of {known}: the order is not that of the page, or it is a trap"
        ));
    }
    faults
}

async fn check_places(visitor: Visitor, places: Vec<Place>) {
    let mut faults = Vec::new();
    for place in places {
        visitor.visit(&place).await;
        // The invalid form has the focus on its summary: begin at the top of the page.
        visitor.browser.run("document.body.tabIndex = -1; document.body.focus()").await;
        let found = tab_through(&visitor.browser, 10).await;
        faults.extend(found.iter().map(|fault| format!("{place:?}: {fault}")));
    }
    visitor.close().await;
    assert_none(&faults, "a stop of the Tab key is not visible");
}

async fn check_all(view: View) {
    let visitor = Visitor::new(view).await;
    let places = visitor.one_of_each_kind();
    check_places(visitor, places).await;
}

#[tokio::test]
async fn every_stop_of_the_tab_key_is_visible_on_a_phone() {
    check_all(PHONE).await;
}

#[tokio::test]
async fn every_stop_of_the_tab_key_is_visible_on_a_desktop() {
    check_all(DESKTOP).await;
}

/// A desktop at 400 %: 320 by 256 CSS px, where a sticky bar could cover everything (WCAG 1.4.10, 2.4.11).
#[tokio::test]
async fn no_stop_of_the_form_is_under_the_exit_bar_at_400_percent() {
    let visitor = Visitor::new(View { width: 320, height: 256, ..PHONE }).await;
    let places = vec![Place::Page("/contact".to_owned()), Place::InvalidForm, visitor.receipt()];
    check_places(visitor, places).await;
}

#[tokio::test]
async fn the_first_stop_skips_to_the_main_content() {
    let visitor = Visitor::new(PHONE).await;
    visitor.open("/articles").await;
    let first = tab(&visitor.browser).await.expect("a first stop");
    assert_eq!(first.name, "Skip to the main content");
    visitor.browser.press(Key::Enter).await;
    visitor.browser.wait_until("the focus in main", "return document.activeElement.id === 'main'").await;
    let next = tab(&visitor.browser).await.expect("a stop in main");
    let inside: Value = visitor.browser.run("return !!document.activeElement.closest('main')").await;
    assert_eq!(inside, true, "{} is before main", next.name);
    visitor.close().await;
}
