//! A form with mistakes: everything comes back, the summary has the focus, and its links lead to the fields.

use crate::{
    focus::tab,
    support::browser::{Browser, NO_SCRIPT, PHONE, View},
    visitor::{ARTICLE, Visitor, comes_back, none},
};
use fantoccini::key::Key;
use serde_json::json;

/// What stands in the form, as it would be sent, without the machine's own fields.
pub const ANSWERS: &str = "
    const form = document.querySelector('form.form'), own = ['token', 'email_asked', 'reason_code'];
    return Object.fromEntries([...new FormData(form)].filter(([name]) => !own.includes(name)));";

/// Puts the cursor into a field as a person would, and types.
pub async fn fill(browser: &Browser, selector: &str, text: &str) {
    browser.click(selector).await;
    browser.write(text).await;
}

pub async fn send(browser: &Browser) {
    browser.click("form.form button[type=submit]").await;
}

async fn mistakes_then_sound(view: View, path: &str) {
    let visitor = Visitor::new(view).await;
    let browser = &visitor.browser;
    visitor.open(path).await;
    fill(browser, "#name", "Ana 🌿 آنا").await;
    browser.click("#channel-phone").await;
    fill(browser, "#phone", "12").await;
    browser.click("#voicemail-unnamed").await;
    fill(browser, "#times", "<b>evenings</b> & \"weekends\"").await;
    browser.click("#for-whom-couple").await;
    fill(browser, "#message", "First line.\n\nSecond line with </textarea>.").await;
    let before = browser.run(ANSWERS).await;
    send(browser).await;
    comes_back(browser).await;
    assert_eq!(browser.run("return location.pathname").await, "/contact");
    assert_eq!(browser.run(ANSWERS).await, before, "{path}: everything came back");
    assert_eq!(before["about"].is_string(), path != "/contact", "an article's title travels along");
    browser.run("document.querySelector('#phone').select()").await;
    browser.write("(650) 555-0123").await;
    browser.click("#consent").await;
    send(browser).await;
    browser.arrives_at("/contact/received").await;
    let letter = String::from_utf8(visitor.clinic.letters(1).remove(0)).expect("a letter");
    let reference = browser.run("return document.querySelector('[data-received] strong').textContent").await;
    assert!(letter.contains(reference.as_str().expect("a reference")), "{letter}");
    visitor.leave().await;
}

#[tokio::test]
async fn mistakes_lose_nothing_on_the_contact_page_with_script() {
    mistakes_then_sound(PHONE, "/contact").await;
}

#[tokio::test]
async fn mistakes_lose_nothing_on_the_contact_page_without_script() {
    mistakes_then_sound(NO_SCRIPT, "/contact").await;
}

#[tokio::test]
async fn mistakes_lose_nothing_at_the_foot_of_an_article_with_script() {
    mistakes_then_sound(PHONE, ARTICLE).await;
}

#[tokio::test]
async fn mistakes_lose_nothing_at_the_foot_of_an_article_without_script() {
    mistakes_then_sound(NO_SCRIPT, ARTICLE).await;
}

async fn summary_leads(view: View) {
    let visitor = Visitor::new(view).await;
    let browser = &visitor.browser;
    visitor.open("/contact").await;
    browser.click("#channel-phone").await;
    fill(browser, "#phone", "12").await;
    send(browser).await;
    browser.until("the focus", "return document.activeElement.matches('main .notice[role=alert]')").await;
    let above =
        "const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight / 2";
    assert_eq!(browser.run(above).await, true, "the summary is in sight");
    let links = browser.run("return document.querySelectorAll('.notice__link').length").await.as_u64();
    assert!(links.is_some_and(|count| count >= 4), "one link a mistake: {links:?}");
    for number in 0..links.unwrap_or_default() {
        browser.run("document.querySelector('main .notice').focus()").await;
        let mut faults = Vec::new();
        for _ in 0..=number {
            faults.extend(tab(browser).await.expect("a link of the summary").faults);
        }
        let target = browser.run("return document.activeElement.hash.slice(1)").await;
        browser.press(Key::Enter).await;
        let there = format!("return document.activeElement.id === {target}");
        browser.until(&format!("the focus at {target}"), &there).await;
        let words =
            "const e = document.activeElement, of = (e.closest('fieldset') ?? e).getAttribute('aria-describedby');
            return of.split(' ').map((id) => document.getElementById(id)?.textContent.trim()).at(-1)";
        let beside = browser.run(words).await;
        let link = format!("return document.querySelectorAll('.notice__link')[{number}].textContent.trim()");
        let above = browser.run(&link).await;
        assert_eq!(beside, json!(format!("Error: {}", above.as_str().unwrap_or_default())), "the same words twice");
        none(&faults, "a link of the summary cannot be seen");
    }
    visitor.leave().await;
}

#[tokio::test]
async fn the_summary_has_the_focus_and_leads_to_each_field_with_script() {
    summary_leads(PHONE).await;
}

#[tokio::test]
async fn the_summary_has_the_focus_and_leads_to_each_field_without_script() {
    summary_leads(NO_SCRIPT).await;
}

#[tokio::test]
async fn a_very_long_message_comes_back_whole() {
    let visitor = Visitor::new(PHONE).await;
    let browser = &visitor.browser;
    visitor.open("/contact").await;
    let long = format!("{}\n\nThe end 🌿", "We have not spoken for a week. ".repeat(300));
    fill(browser, "#message", &long).await;
    send(browser).await;
    comes_back(browser).await;
    let back = browser.run("return document.querySelector('#message').value").await;
    assert_eq!(back, json!(long));
    let words = browser.run("return document.querySelector('#message-error').textContent").await;
    assert!(words.as_str().is_some_and(|words| words.contains("all of it is still here")), "{words}");
    visitor.leave().await;
}
