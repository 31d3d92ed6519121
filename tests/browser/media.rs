//! Media and preferences: print, forced colors, more contrast, reduced motion, no styles.

use crate::{
    support::browser::{DESKTOP, PHONE},
    visitor::{ARTICLE, Place, Visitor, assert_none},
};

/// The visible elements that the selector finds.
fn visible(selector: &str) -> String {
    format!(
        "return [...document.querySelectorAll({selector:?})].filter((e) => e.checkVisibility() && e.getClientRects().length)
            .map((e) => e.className || e.tagName)"
    )
}

async fn count(visitor: &Visitor, selector: &str) -> usize {
    visitor.browser.run(&visible(selector)).await.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn print_shows_the_article_and_the_help_lines_and_no_controls() {
    let visitor = Visitor::new(DESKTOP).await;
    visitor.browser.media("print", &[]).await;
    visitor.open(ARTICLE).await;
    for gone in ["nav a", "form", "button", ".leave", "a[data-exit]", ".skip-link"] {
        assert_eq!(count(&visitor, gone).await, 0, "{gone} is printed");
    }
    for there in
        ["h1", ".prose p", "time", ".crisis a[href^='tel:']", "footer address, footer .clinic-card", ".print-only"]
    {
        assert!(count(&visitor, there).await > 0, "{there} is not printed");
    }
    let answers = visitor.browser.run("return document.querySelectorAll('.question__answer').length").await;
    let open = count(&visitor, ".question__answer").await as u64;
    assert!(open > 1, "the article has questions");
    assert_eq!(answers, open, "every answer is printed");
    let height = "return [...document.querySelectorAll('.question__answer')].every((e) => e.getBoundingClientRect().height > 10)";
    assert_eq!(visitor.browser.run(height).await, true, "answers have a height in print");
    visitor.close().await;
}

#[tokio::test]
async fn print_has_black_text_in_both_color_schemes() {
    let visitor = Visitor::new(DESKTOP).await;
    visitor.browser.media("print", &[("prefers-color-scheme", "dark")]).await;
    for place in visitor.one_of_each_kind() {
        visitor.visit(&place).await;
        let ink = visitor.browser.run("return getComputedStyle(document.querySelector('h1')).color").await;
        assert_eq!(ink, "rgb(0, 0, 0)", "{place:?}");
    }
    visitor.close().await;
}

/// Controls that have neither a border nor, where backgrounds are painted, a background of their own.
const EDGES: &str = "
    const own = (e) => e.matches('a.button, button, a.leave__button, .notice, textarea, input:not([type=hidden], [type=radio], [type=checkbox])');
    return [...document.querySelectorAll('a, button, input, textarea, .notice')]
        .filter((e) => own(e) && e.checkVisibility() && e.tabIndex >= -1 && !e.closest('.nothing'))
        .filter((e) => {
            const style = getComputedStyle(e);
            const edge = style.borderTopStyle !== 'none' && parseFloat(style.borderTopWidth) >= 1;
            const grounds = [style.backgroundColor, getComputedStyle(document.documentElement).backgroundColor, 'rgba(0, 0, 0, 0)'];
            return !edge && (matchMedia('(forced-colors: active)').matches || grounds.indexOf(grounds[0], 1) > 0);
        })
        .map((e) => `${e.tagName}.${e.className}#${e.id}`);";

#[tokio::test]
async fn controls_have_an_edge_in_forced_colors_and_with_more_contrast() {
    let visitor = Visitor::new(PHONE).await;
    let mut faults = Vec::new();
    for (name, value) in [("forced-colors", "active"), ("prefers-contrast", "more")] {
        visitor.browser.media("", &[(name, value)]).await;
        for place in visitor.one_of_each_kind() {
            visitor.visit(&place).await;
            let matches = visitor.browser.run(&format!("return matchMedia('({name}: {value})').matches")).await;
            assert_eq!(matches, true, "{name} is in force");
            let found = visitor.browser.run(EDGES).await;
            faults.extend(found.as_array().into_iter().flatten().map(|fault| format!("{place:?} {name}: {fault}")));
        }
    }
    visitor.close().await;
    assert_none(&faults, "a control has no edge");
}

#[tokio::test]
async fn nothing_moves_with_reduced_motion() {
    let visitor = Visitor::new(PHONE).await;
    visitor.browser.media("", &[("prefers-reduced-motion", "reduce")]).await;
    let moving = "
        const time = (s) => Math.max(...s.split(',').map(parseFloat));
        return [...document.querySelectorAll('*')].filter((e) => { const s = getComputedStyle(e);
            return s.animationName !== 'none' || time(s.transitionDuration) > 0 || s.scrollBehavior === 'smooth'; })
            .map((e) => e.className || e.tagName);";
    for place in visitor.one_of_each_kind() {
        visitor.visit(&place).await;
        assert_eq!(visitor.browser.run(moving).await, serde_json::json!([]), "{place:?}");
    }
    visitor.close().await;
}

#[tokio::test]
async fn without_styles_the_page_is_readable_and_the_form_shows_every_field() {
    let visitor = Visitor::new(PHONE).await;
    for place in [Place::Page("/contact".to_owned()), Place::Page(ARTICLE.to_owned()), Place::InvalidForm] {
        visitor.visit(&place).await;
        visitor.browser.run("for (const sheet of document.styleSheets) sheet.disabled = true").await;
        for field in ["#name", "#channel-phone", "#phone", "#voicemail-none", "#email", "#email-private-no", "#consent"]
        {
            assert_eq!(count(&visitor, field).await, 1, "{place:?}: {field}");
        }
        let heading = visitor.browser.run("return document.querySelector('main h1').checkVisibility()").await;
        assert_eq!(heading, true, "{place:?}");
    }
    visitor.close().await;
}
