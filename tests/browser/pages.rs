//! Every page at a phone's and a desk's width, by day and by night: nothing sticks out, nothing is reported, nothing is
//! left behind, and the accessibility engine finds nothing.

use crate::support::{
    browser::{Browser, DESK, Driver, PHONE, View},
    clinic::{Clinic, sound},
};
use serde_json::Value;

const NARROW: View = View { width: 320, ..PHONE };

/// What the page says of itself; an empty list is well.
const FAULTS: &str = r"
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) faults.push(`sideways: ${root.scrollWidth} > ${root.clientWidth}`);
    for (const entry of performance.getEntriesByType('resource'))
        if (!entry.name.startsWith(location.origin)) faults.push(`off-origin: ${entry.name}`);
    if (document.cookie) faults.push('a cookie');
    if (localStorage.length || sessionStorage.length) faults.push('something is stored');
    // A developer's machine also waits for changes; readers do not.
    if (performance.getEntriesByType('resource').filter((e) => !e.name.includes('/dev')).length > 6) faults.push('more than six requests');
    return faults;
";

fn axe() -> String {
    let file = format!("{}/target/node/node_modules/axe-core/axe.min.js", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("axe-core is installed: tests/run does it")
}

fn paths(clinic: &Clinic) -> Vec<String> {
    let xml = clinic.get("/sitemap.xml").body;
    let mut paths: Vec<String> = xml
        .split("<loc>http://localhost:3000")
        .skip(1)
        .map(|rest| rest.split("</loc>").next().expect("closed").to_owned())
        .collect();
    assert!(paths.len() > 15, "the sitemap names the shipped pages");
    paths.push("/no-such-page".to_owned());
    paths.push(clinic.post(&sound()).header("location").to_owned());
    paths
}

async fn faults(browser: &Browser, path: &str, view: View) -> Vec<String> {
    let found = browser.run(FAULTS).await;
    let place = format!("{path} at {} px, {}", view.width, if view.dark { "dark" } else { "light" });
    let mut faults: Vec<String> =
        found.as_array().expect("a list").iter().map(|fault| format!("{place}: {fault}")).collect();
    let expected = |line: &String| path == "/no-such-page" && line.contains("404");
    faults.extend(
        browser.console().await.into_iter().filter(|line| !expected(line)).map(|line| format!("{place}: {line}")),
    );
    faults
}

#[tokio::test]
async fn no_page_sticks_out_reports_or_leaves_anything_behind() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(PHONE).await;
    let mut all = Vec::new();
    for view in [NARROW, PHONE, DESK] {
        browser.look(view).await;
        for path in paths(&clinic) {
            browser.goto(&clinic.url(&path)).await;
            all.extend(faults(&browser, &path, view).await);
        }
    }
    browser.close().await;
    assert!(all.is_empty(), "{all:#?}");
}

#[tokio::test]
async fn the_accessibility_engine_finds_nothing_on_any_kind_of_page() {
    let clinic = Clinic::start();
    let driver = Driver::start();
    let browser = driver.open(PHONE).await;
    let (axe, received) = (axe(), clinic.post(&sound()).header("location").to_owned());
    let kinds = [
        "/",
        "/articles",
        "/topics/trust",
        "/articles/attachment-repair-therapy",
        "/privacy",
        "/contact",
        "/no-such-page",
        &received,
    ];
    let mut all = Vec::new();
    for view in [PHONE, View { dark: true, ..PHONE }, DESK, View { dark: true, ..DESK }] {
        browser.look(view).await;
        for path in kinds {
            browser.goto(&clinic.url(path)).await;
            all.extend(findings(&browser, &axe, path, view).await);
        }
        browser.goto(&clinic.url("/contact")).await;
        browser.run("document.querySelector('form.form').requestSubmit()").await;
        browser.until("the mistakes", "return document.title.startsWith('Error: ')").await;
        all.extend(findings(&browser, &axe, "/contact with mistakes", view).await);
    }
    browser.close().await;
    assert!(all.is_empty(), "{all:#?}");
}

/// What axe-core finds, all rules with best practice.
async fn findings(browser: &Browser, axe: &str, path: &str, view: View) -> Vec<String> {
    browser.run(axe).await;
    let script = "const done = arguments[arguments.length - 1];
        axe.run().then((result) => done(result.violations.map((v) =>
            `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')}`)), (e) => done([String(e)]));";
    let found = browser.client.execute_async(script, vec![]).await.expect("axe runs");
    let place = format!("{path} at {} px, {}", view.width, if view.dark { "dark" } else { "light" });
    found.as_array().expect("a list").iter().map(|finding: &Value| format!("{place}: {finding}")).collect()
}
