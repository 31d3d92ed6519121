//! The accessibility engine's opinion: all its rules, best practice and experiments included, on every kind of page.

use crate::{
    support::browser::{DESK, PHONE, View},
    visitor::{Visitor, none},
};
use std::{fs, path::Path};

/// Runs every rule that is not on its way out; questions are opened first, so that answers are looked at too.
const RUN: &str = "return (async () => {
    for (const details of document.querySelectorAll('details')) { details.removeAttribute('name'); details.open = true; }
    const values = axe.getRules().filter((rule) => !rule.tags.includes('deprecated')).map((rule) => rule.ruleId);
    if (values.length < 90) return [`only ${values.length} rules`];
    const found = await axe.run(document, { runOnly: { type: 'rule', values }, resultTypes: ['violations'] });
    return found.violations.map((rule) => `${rule.id}: ${rule.help}\\n` +
        rule.nodes.map((node) => `    ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`).join('\\n'));
})()";

/// The engine's source, for [`crate::support::browser::Browser::before_each_page`].
pub fn engine() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}. `tests/run` installs axe-core from npm", file.display()))
}

/// What it objects to on the page that the visitor is at.
pub async fn opinion(visitor: &Visitor) -> Vec<String> {
    let found = visitor.browser.run(RUN).await;
    let found = found.as_array().expect("the engine answers with a list");
    found.iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect()
}

async fn examine(view: View) {
    let visitor = Visitor::new(view).await;
    visitor.browser.before_each_page(&engine()).await;
    let mut faults = Vec::new();
    for place in visitor.kinds() {
        visitor.visit(&place).await;
        for seen in [View { dark: false, ..view }, View { dark: true, ..view }] {
            visitor.browser.look(seen).await;
            let scheme = if seen.dark { "dark" } else { "light" };
            let found = opinion(&visitor).await;
            faults.extend(found.iter().map(|fault| format!("{place:?} {scheme}: {fault}")));
        }
    }
    visitor.leave().await;
    none(&faults, "the accessibility engine objects");
}

#[tokio::test]
async fn the_accessibility_engine_finds_nothing_on_a_phone() {
    examine(PHONE).await;
}

#[tokio::test]
async fn the_accessibility_engine_finds_nothing_at_a_desk() {
    examine(DESK).await;
}

#[tokio::test]
async fn the_accessibility_engine_finds_what_is_broken_on_purpose() {
    let visitor = Visitor::new(PHONE).await;
    visitor.browser.before_each_page(&engine()).await;
    visitor.open("/contact").await;
    let broken = "
        document.querySelector('label[for=name]').remove();
        document.querySelector('h1').style.color = '#ddd';";
    visitor.browser.run(broken).await;
    let found = visitor.browser.run(RUN).await.to_string();
    for rule in ["label: ", "color-contrast: "] {
        assert!(found.contains(rule), "no {rule} in {found}");
    }
    visitor.leave().await;
}
