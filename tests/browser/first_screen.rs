//! What a visitor sees first on a phone: how little the header takes, and how soon title and form begin.

use crate::{
    support::browser::PHONE,
    visitor::{ARTICLE, Place, Visitor},
};

/// Distance of an element's upper edge from the top of the page, and its height, in CSS pixels.
async fn place(visitor: &Visitor, selector: &str) -> (f64, f64) {
    let script = format!(
        "const box = document.querySelector({selector:?}).getBoundingClientRect(); return [box.top + scrollY, box.height]"
    );
    let found = visitor.browser.run(&script).await;
    (found[0].as_f64().expect("a distance"), found[1].as_f64().expect("a height"))
}

#[tokio::test]
async fn the_header_is_one_row_on_every_kind_of_page() {
    let visitor = Visitor::new(PHONE).await;
    for page in visitor.one_of_each_kind() {
        visitor.visit(&page).await;
        let (_, height) = place(&visitor, ".site-header").await;
        assert!(height <= 72.0, "{page:?}: {height}");
    }
    visitor.close().await;
}

#[tokio::test]
async fn the_first_field_of_the_form_and_the_title_of_an_article_are_on_the_first_screen() {
    let visitor = Visitor::new(PHONE).await;
    for (path, selector, most) in
        [("/contact", "form.form .choice", 800.0), (ARTICLE, "h1", 320.0), ("/articles", "h1", 320.0)]
    {
        visitor.open(path).await;
        let (top, _) = place(&visitor, selector).await;
        assert!(top < most, "{path}: {selector} at {top}");
    }
    visitor.visit(&Place::InvalidForm).await;
    let gap =
        "const [notice, form] = ['.notice', 'form.form'].map((e) => document.querySelector(e).getBoundingClientRect());
        return form.top - notice.bottom";
    let gap = visitor.browser.run(gap).await;
    assert!(gap.as_f64().is_some_and(|gap| gap < 60.0), "the form follows its summary: {gap}");
    visitor.close().await;
}

#[tokio::test]
async fn the_bar_with_the_exit_is_one_row_of_large_targets() {
    let visitor = Visitor::new(PHONE).await;
    for width in [PHONE.width, 351] {
        visitor.browser.set_view(crate::support::browser::View { width, ..PHONE }).await;
        visitor.open(ARTICLE).await;
        let (_, height) = place(&visitor, ".leave").await;
        assert!(height <= 0.06 * f64::from(PHONE.height), "{width} px: {height}");
        let links = "return [...document.querySelectorAll('.leave a')].filter((e) => e.checkVisibility())
            .map((e) => [e.textContent, e.getBoundingClientRect()]).map(([text, box]) => box.width >= 44 && box.height >= 44 ? text : `small: ${text}`)";
        let links = visitor.browser.run(links).await;
        assert_eq!(links, serde_json::json!(["Help", "Contents", "Write", "Exit this page"]), "{width} px");
    }
    visitor.close().await;
}
