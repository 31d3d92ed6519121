//! The form as people use it: with the keyboard alone, without script, with Back, and in a hurry to leave.

use crate::support::{
    browser::{Browser, Driver, NO_SCRIPT, PHONE},
    clinic::Clinic,
};
use fantoccini::key::Key;

/// Fills the form of the open page by its controls, as a person who chose the telephone.
async fn fill(browser: &Browser, name: &str) {
    for (selector, text) in [("#name", name), ("#message", "We keep having the same quarrel.")] {
        browser.click(selector).await;
        browser.write(text).await;
    }
    browser.click("label[for=channel-phone]").await;
    browser.click("#phone").await;
    browser.write("(650) 555-0123").await;
    browser.click("label[for=voicemail-none]").await;
    browser.click("label[for=consent]").await;
}

#[tokio::test]
async fn without_script_mistakes_keep_every_word_and_a_sound_form_arrives() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(NO_SCRIPT).await;
    for path in ["/contact", "/articles/the-quarrel-that-repeats"] {
        browser.goto(&clinic.url(path)).await;
        browser.click("#message").await;
        browser.write("Still here.").await;
        browser.click("form.form button[type=submit]").await;
        browser.until("the mistakes", "return document.title.startsWith('Error: ')").await;
        let focus = browser.run("return document.activeElement.getAttribute('aria-labelledby')").await;
        assert_eq!(focus, "error-summary-heading", "{path}: the summary has the focus");
        let kept = browser.run("return document.querySelector('#message').value").await;
        assert_eq!(kept, "Still here.", "{path}");
        browser.run("document.querySelector('#message').value = ''").await;
        fill(&browser, path).await;
        browser.click("form.form button[type=submit]").await;
        browser.arrives_at("/contact/received").await;
    }
    browser.close().await;
    let letters = clinic.letters(2);
    assert!(letters.iter().any(|letter| String::from_utf8_lossy(letter).contains("Ask for: /contact")));
}

#[tokio::test]
async fn groups_that_do_not_apply_fold_away_until_something_is_chosen_or_typed() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(NO_SCRIPT).await;
    browser.goto(&clinic.url("/contact")).await;
    let shown = "return ['.when-phone', '.when-email'].map((s) => document.querySelector(s).checkVisibility())";
    assert_eq!(browser.run(shown).await, serde_json::json!([false, false]));
    browser.click("label[for=channel-phone]").await;
    assert_eq!(browser.run(shown).await, serde_json::json!([true, false]));
    browser.click("#phone").await;
    browser.write("650").await;
    browser.click("label[for=channel-email]").await;
    assert_eq!(browser.run(shown).await, serde_json::json!([true, true]), "what was typed never hides");
    browser.close().await;
}

#[tokio::test]
async fn the_keyboard_alone_reaches_everything_and_every_stop_is_seen() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(PHONE).await;
    browser.goto(&clinic.url("/contact")).await;
    let mut stops = Vec::new();
    let stop = "const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
        const seen = (s.outlineStyle !== 'none' && s.outlineWidth !== '0px') || s.boxShadow !== 'none';
        const x = Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1), y = Math.min(Math.max(r.top + Math.min(r.height / 2, 20), 0), innerHeight - 1);
        const top = document.elementFromPoint(x, y);
        const free = !top || e.contains(top) || top.contains(e) || (e.labels && [...e.labels].some((l) => l.contains(top)));
        return { id: e.id || e.textContent.trim().slice(0, 40) || e.tagName, seen, free, body: e === document.body };";
    for _ in 0..80 {
        browser.press(Key::Tab).await;
        let at = browser.run(stop).await;
        if at["body"] == true {
            break;
        }
        assert_eq!(at["seen"], true, "the focus is not seen at {at}");
        assert_eq!(at["free"], true, "something covers {at}");
        stops.push(at["id"].as_str().unwrap_or_default().to_owned());
    }
    for wanted in ["name", "channel-phone", "times", "message", "consent", "Send message"] {
        assert!(stops.iter().any(|stop| stop == wanted), "{wanted} is not reached: {stops:?}");
    }
    assert!(!stops.iter().any(|stop| stop == "reason-code"), "the honeypot is skipped");
    browser.close().await;
}

#[tokio::test]
async fn back_keeps_the_words_before_the_receipt_and_empties_the_form_after_it() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(PHONE).await;
    browser.goto(&clinic.url("/articles/the-quarrel-that-repeats")).await;
    browser.click("#name").await;
    browser.until("a token on first focus", "return document.querySelector('[name=token]').value.length > 20").await;
    fill(&browser, "Bea").await;
    browser.goto(&clinic.url("/approach")).await;
    browser.client.back().await.expect("Back works");
    browser.arrives_at("/articles/").await;
    browser
        .until("the words are still there", "return document.querySelector('#message').value.includes('quarrel')")
        .await;
    browser.click("form.form button[type=submit]").await;
    browser.arrives_at("/contact/received").await;
    browser.client.back().await.expect("Back works");
    browser.arrives_at("/articles/").await;
    browser
        .until(
            "the form is empty",
            "return document.querySelector('#name').value === '' && document.querySelector('#message').value === ''",
        )
        .await;
    browser.close().await;
    assert_eq!(clinic.letters(1).len(), 1);
}

#[tokio::test]
async fn leaving_replaces_the_page_by_click_and_by_three_presses_of_shift() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(PHONE).await;
    // A neutral page of this machine stands for the one on the network.
    let away = clinic.url("/health/live");
    for way in ["click", "shift"] {
        browser.goto(&clinic.url("/contact")).await;
        browser.run(&format!("for (const a of document.querySelectorAll('[data-exit]')) a.href = '{away}'")).await;
        browser.run("scrollTo(0, document.body.scrollHeight)").await;
        let seen = "const r = document.querySelector('.leave [data-exit]').getBoundingClientRect();
            return document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)?.matches('[data-exit]') ?? false";
        assert_eq!(browser.run(seen).await, true, "the control stays on the screen");
        if way == "click" {
            browser.click(".leave [data-exit]").await;
        } else {
            for _ in 0..2 {
                browser.press(Key::Shift).await;
            }
            browser.press('a').await;
            browser.press(Key::Shift).await;
            assert_eq!(browser.run("return location.pathname").await, "/contact", "another key between begins anew");
            for _ in 0..2 {
                browser.press(Key::Shift).await;
            }
        }
        browser.arrives_at("/health/live").await;
        browser.client.back().await.expect("Back works");
        let path = browser.run("return location.pathname").await;
        assert_ne!(path, "/contact", "{way}: Back does not return to the page");
    }
    browser.close().await;
}
