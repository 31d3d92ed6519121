//! A form with errors: every answer is kept, the summary has the focus, and its links lead to the fields.

use crate::{
    focus::tab,
    support::browser::{Browser, NO_SCRIPT, PHONE, View},
    visitor::{ARTICLE, Visitor, assert_none, form_returns},
};
use fantoccini::key::Key;
use serde_json::json;

/// The answers in the form as they would be sent, without the hidden fields of the program.
pub const ANSWERS: &str = "
    const form = document.querySelector('form.form'), own = ['token', 'email_asked', 'reason_code'];
    return Object.fromEntries([...new FormData(form)].filter(([name]) => !own.includes(name)));";

/// Clicks into a field and types.
pub async fn fill(browser: &Browser, selector: &str, text: &str) {
    browser.click(selector).await;
    browser.write(text).await;
}

pub async fn send(browser: &Browser) {
    browser.click("form.form button[type=submit]").await;
}

async fn errors_then_success(view: View, path: &str) {
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
    form_returns(browser).await;
    assert_eq!(browser.run("return location.pathname").await, "/contact");
    assert_eq!(browser.run(ANSWERS).await, before, "{path}: every answer is kept");
    assert_eq!(before["about"].is_string(), path != "/contact", "the article is kept");
    browser.run("document.querySelector('#phone').select()").await;
    browser.write("(650) 555-0123").await;
    browser.click("#consent").await;
    send(browser).await;
    browser.wait_for_path("/contact/received").await;
    let letter = String::from_utf8(visitor.clinic.letters(1).remove(0)).expect("a letter");
    let reference = browser.run("return document.querySelector('[data-received] strong').textContent").await;
    assert!(letter.contains(reference.as_str().expect("a reference")), "{letter}");
    visitor.close().await;
}

#[tokio::test]
async fn errors_keep_every_answer_on_the_contact_page_with_script() {
    errors_then_success(PHONE, "/contact").await;
}

#[tokio::test]
async fn errors_keep_every_answer_on_the_contact_page_without_script() {
    errors_then_success(NO_SCRIPT, "/contact").await;
}

#[tokio::test]
async fn errors_keep_every_answer_below_an_article_with_script() {
    errors_then_success(PHONE, ARTICLE).await;
}

#[tokio::test]
async fn errors_keep_every_answer_below_an_article_without_script() {
    errors_then_success(NO_SCRIPT, ARTICLE).await;
}

async fn check_summary(view: View) {
    let visitor = Visitor::new(view).await;
    let browser = &visitor.browser;
    visitor.open("/contact").await;
    browser.click("#channel-phone").await;
    fill(browser, "#phone", "12").await;
    send(browser).await;
    browser.wait_until("the focus", "return document.activeElement.matches('main .notice[role=alert]')").await;
    let above =
        "const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight / 2";
    assert_eq!(browser.run(above).await, true, "the summary is in the upper half of the window");
    let links = browser.run("return document.querySelectorAll('.notice__link').length").await.as_u64();
    assert!(links.is_some_and(|count| count >= 4), "one link for each error: {links:?}");
    for number in 0..links.unwrap_or_default() {
        browser.run("document.querySelector('main .notice').focus()").await;
        let mut faults = Vec::new();
        for _ in 0..=number {
            faults.extend(tab(browser).await.expect("a link of the summary").faults);
        }
        let target = browser.run("return document.activeElement.hash.slice(1)").await;
        browser.press(Key::Enter).await;
        let there = format!("return document.activeElement.id === {target}");
        browser.wait_until(&format!("the focus at {target}"), &there).await;
        let text =
            "const e = document.activeElement, of = (e.closest('fieldset') ?? e).getAttribute('aria-describedby');
            return of.split(' ').map((id) => document.getElementById(id)?.textContent.trim()).at(-1)";
        let beside = browser.run(text).await;
        let link = format!("return document.querySelectorAll('.notice__link')[{number}].textContent.trim()");
        let above = browser.run(&link).await;
        assert_eq!(
            beside,
            json!(format!("Error: {}", above.as_str().unwrap_or_default())),
            "the same text in summary and field"
        );
        assert_none(&faults, "a link of the summary is not visible");
    }
    visitor.close().await;
}

#[tokio::test]
async fn the_summary_has_the_focus_and_leads_to_each_field_with_script() {
    check_summary(PHONE).await;
}

#[tokio::test]
async fn the_summary_has_the_focus_and_leads_to_each_field_without_script() {
    check_summary(NO_SCRIPT).await;
}

#[tokio::test]
async fn a_very_long_message_is_kept_whole() {
    let visitor = Visitor::new(PHONE).await;
    let browser = &visitor.browser;
    visitor.open("/contact").await;
    let long = format!("{}\n\nThe end 🌿", "We have not spoken for a week. ".repeat(300));
    fill(browser, "#message", &long).await;
    send(browser).await;
    form_returns(browser).await;
    let back = browser.run("return document.querySelector('#message').value").await;
    assert_eq!(back, json!(long));
    let text = browser.run("return document.querySelector('#message-error').textContent").await;
    assert!(text.as_str().is_some_and(|text| text.contains("all of it is still here")), "{text}");
    visitor.close().await;
}
