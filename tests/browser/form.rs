//! The form as people use it: by keyboard, with and without script, with Back, with a double click.

use crate::{
    focus::tab,
    form_errors::{ANSWERS, fill, send},
    support::{
        browser::{Browser, NO_SCRIPT, PHONE, View},
        clinic::valid_form,
    },
    visitor::{ARTICLE, Visitor, assert_none},
};
use fantoccini::{
    actions::{InputSource as _, MouseActions, PointerAction},
    key::Key,
};

/// Presses Tab until the focus is at `id`; every stop before it must be visible.
async fn tab_to(browser: &Browser, id: &str) {
    for _ in 0..60 {
        let stop = tab(browser).await.unwrap_or_else(|| panic!("the focus left the page before {id}"));
        assert_none(&stop.faults, "a stop of the Tab key is not visible");
        if stop.name == id {
            return;
        }
    }
    panic!("{id} cannot be reached by keyboard");
}

async fn sends_by_keyboard(view: View) {
    let visitor = Visitor::new(view).await;
    let browser = &visitor.browser;
    visitor.open("/contact").await;
    tab_to(browser, "name").await;
    browser.write("Ana").await;
    tab_to(browser, "channel-phone").await;
    browser.press(' ').await;
    tab_to(browser, "phone").await;
    browser.write("(650) 555-0123").await;
    tab_to(browser, "voicemail-named").await;
    browser.press(Key::Down).await;
    tab_to(browser, "times").await;
    tab_to(browser, "message").await;
    browser.write("By keyboard alone.").await;
    tab_to(browser, "consent").await;
    browser.press(' ').await;
    tab_to(browser, "Send to the clinic").await;
    browser.press(Key::Enter).await;
    browser.wait_for_path("/contact/received").await;
    let letter = String::from_utf8(visitor.clinic.letters(1).remove(0)).expect("a letter");
    assert!(letter.contains("By keyboard alone."), "{letter}");
    browser.client.refresh().await.expect("the receipt can be loaded again");
    browser.wait_for_path("/contact/received").await;
    visitor.close().await;
}

#[tokio::test]
async fn the_keyboard_alone_sends_a_form_with_script() {
    sends_by_keyboard(PHONE).await;
}

#[tokio::test]
async fn the_keyboard_alone_sends_a_form_without_script() {
    sends_by_keyboard(NO_SCRIPT).await;
}

#[tokio::test]
async fn an_article_fetches_a_token_only_when_the_form_gets_the_focus() {
    let visitor = Visitor::new(PHONE).await;
    let browser = &visitor.browser;
    visitor.open(ARTICLE).await;
    let token = "return document.querySelector('form.form').elements.token.value";
    let asked =
        "return performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/contact/token')).length";
    assert_eq!(browser.run(token).await, "", "the cached page has none");
    assert_eq!(browser.run(asked).await, 0);
    fill(browser, "#name", "Ana").await;
    let token = browser.wait_until("the token", token).await;
    assert!(token.as_str().is_some_and(|token| token.len() > 20), "{token}");
    fill(browser, "#message", "Mornings.").await;
    assert_eq!(browser.run(asked).await, 1, "it is fetched once");
    visitor.close().await;
}

/// Fills in a valid form; each name makes a different enquiry.
async fn fill_in(browser: &Browser, name: &str) {
    fill(browser, "#name", name).await;
    browser.click("#channel-phone").await;
    fill(browser, "#phone", "(650) 555-0123").await;
    browser.click("#voicemail-none").await;
    fill(browser, "#message", "Only once, and not for others.").await;
    browser.click("#consent").await;
}

/// Reads the privacy page in between and goes back.
async fn back_before_sending(visitor: &Visitor, path: &str) {
    let browser = &visitor.browser;
    visitor.open(path).await;
    fill_in(browser, "Ana").await;
    let before = browser.run(ANSWERS).await;
    browser.click(".form__note a[href='/privacy']").await;
    browser.wait_for_path("/privacy").await;
    browser.client.back().await.expect("Back works");
    browser.wait_for_path(path).await;
    let kept = ANSWERS.replace("return ", "const now = ") + "return now.message ? now : null";
    assert_eq!(browser.wait_until("the answers after Back", &kept).await, before, "{path}");
}

#[tokio::test]
async fn back_before_sending_keeps_the_answers() {
    for view in [PHONE, NO_SCRIPT] {
        let visitor = Visitor::new(view).await;
        back_before_sending(&visitor, "/contact").await;
        back_before_sending(&visitor, ARTICLE).await;
        visitor.close().await;
    }
}

#[tokio::test]
async fn back_after_the_receipt_shows_an_empty_form() {
    let visitor = Visitor::new(PHONE).await;
    let browser = &visitor.browser;
    for path in ["/contact", ARTICLE] {
        visitor.open(path).await;
        fill_in(browser, path).await;
        send(browser).await;
        browser.wait_for_path("/contact/received").await;
        browser.client.back().await.expect("Back works");
        browser.wait_for_path(path).await;
        let empty = "const f = document.querySelector('form.form').elements;
            return [f.name, f.phone, f.email, f.times, f.message].every((e) => e.value === '') &&
                !document.querySelector('form.form :checked')";
        browser.wait_until(&format!("an empty form at {path}"), empty).await;
        // It stays empty: the browser may restore the answers after the script has emptied the form.
        let later = format!("return new Promise((go) => setTimeout(() => go((() => {{ {empty} }})()), 400))");
        assert_eq!(browser.run(&later).await, true, "{path}: the answers came back");
    }
    visitor.close().await;
}

/// A double click on the button.
async fn double_click(browser: &Browser) {
    let center = "
        const button = document.querySelector('form.form button');
        button.scrollIntoView({ block: 'center' });
        const box = button.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2];";
    let center = browser.run(center).await;
    let (x, y) = (center[0].as_f64().expect("a coordinate"), center[1].as_f64().expect("a coordinate"));
    let press =
        |mouse: MouseActions| mouse.then(PointerAction::Down { button: 0 }).then(PointerAction::Up { button: 0 });
    let mouse = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveTo { duration: None, x, y });
    browser.client.perform_actions(press(press(mouse))).await.expect("the mouse clicks twice");
}

async fn two_clicks(view: View) {
    let visitor = Visitor::new(view).await;
    for path in ["/contact", ARTICLE] {
        visitor.open(path).await;
        fill_in(&visitor.browser, path).await;
        double_click(&visitor.browser).await;
        visitor.browser.wait_for_path("/contact/received").await;
    }
    // Its letter comes after those of the clicks.
    visitor.clinic.post(&valid_form()).is(303);
    assert_eq!(visitor.clinic.letters(3).len(), 3, "two clicks made one enquiry, twice");
    visitor.close().await;
}

#[tokio::test]
async fn two_quick_clicks_make_one_enquiry_with_script() {
    two_clicks(PHONE).await;
}

#[tokio::test]
async fn two_quick_clicks_make_one_enquiry_without_script() {
    two_clicks(NO_SCRIPT).await;
}

/// Which of the two groups is visible.
const GROUPS: &str =
    "return ['.when-phone', '.when-email'].map((group) => document.querySelector(group).checkVisibility())";

async fn check_conditional_fields(visitor: &Visitor, path: &str) {
    let browser = &visitor.browser;
    visitor.open(path).await;
    let seen = async |phone: bool, email: bool, when: &str| {
        assert_eq!(browser.run(GROUPS).await, serde_json::json!([phone, email]), "{path}, {when}");
    };
    seen(false, false, "nothing chosen").await;
    browser.click("#channel-email").await;
    seen(false, true, "email chosen").await;
    browser.click("#channel-phone").await;
    seen(true, false, "phone chosen").await;
    fill(browser, "#phone", "650").await;
    browser.click("#channel-email").await;
    seen(true, true, "a field with text stays visible").await;
    browser.run("document.querySelector('#phone').select()").await;
    browser.press(Key::Delete).await;
    seen(true, true, "the field with the focus stays visible").await;
    browser.click("#message").await;
    seen(false, true, "emptied and left").await;
    browser.click("#channel-phone").await;
    browser.click("#voicemail-none").await;
    browser.click("#channel-email").await;
    seen(true, true, "an answered question stays visible").await;
}

#[tokio::test]
async fn fields_that_do_not_apply_are_hidden_with_script_and_without() {
    for view in [PHONE, NO_SCRIPT] {
        let visitor = Visitor::new(view).await;
        check_conditional_fields(&visitor, "/contact").await;
        check_conditional_fields(&visitor, ARTICLE).await;
        visitor.close().await;
    }
}
