//! Accessibility checks by axe-core: all its rules, including best practice and experimental ones, on each kind of
//! page.

use crate::{
    support::browser::{DESKTOP, PHONE, View},
    visitor::{Visitor, assert_none},
};
use std::{fs, path::Path};

/// Runs every rule that is not deprecated; questions are opened first, so that answers are checked too. The header is
/// checked again with its menu open: an open menu covers text, and the contrast of covered text is not checked.
const RUN: &str = "return (async () => {
    const values = axe.getRules().filter((rule) => !rule.tags.includes('deprecated')).map((rule) => rule.ruleId);
    if (values.length < 90) return [`only ${values.length} rules`];
    const run = async (opened, checked) => {
        for (const details of document.querySelectorAll('details')) {
            details.removeAttribute('name');
            details.open = details.closest(opened) !== null;
        }
        const found = await axe.run(checked, { runOnly: { type: 'rule', values }, resultTypes: ['violations'] });
        return found.violations;
    };
    const violations = [...await run('main', document), ...await run('body > header', 'body > header')];
    return violations.map((rule) => `${rule.id}: ${rule.help}\\n` +
        rule.nodes.map((node) => `    ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`).join('\\n'));
})()";

/// The source of axe-core, for [`crate::support::browser::Browser::before_each_page`].
pub fn engine() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node/axe/node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}. `tests/run` installs axe-core from npm", file.display()))
}

/// The rules that the current page violates.
pub async fn violations(visitor: &Visitor) -> Vec<String> {
    let found = visitor.browser.run(RUN).await;
    let found = found.as_array().expect("axe-core returns a list");
    found.iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect()
}

async fn check(view: View) {
    let visitor = Visitor::new(view).await;
    visitor.browser.before_each_page(&engine()).await;
    let mut faults = Vec::new();
    for place in visitor.one_of_each_kind() {
        visitor.visit(&place).await;
        for seen in [View { dark: false, ..view }, View { dark: true, ..view }] {
            visitor.browser.set_view(seen).await;
            let scheme = if seen.dark { "dark" } else { "light" };
            let found = violations(&visitor).await;
            faults.extend(found.iter().map(|fault| format!("{place:?} {scheme}: {fault}")));
        }
    }
    visitor.close().await;
    assert_none(&faults, "axe-core found violations");
}

#[tokio::test]
async fn axe_finds_no_violation_on_a_phone() {
    check(PHONE).await;
}

#[tokio::test]
async fn axe_finds_no_violation_on_a_desktop() {
    check(DESKTOP).await;
}

#[tokio::test]
async fn axe_finds_violations_that_are_made_on_purpose() {
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
    visitor.close().await;
}
