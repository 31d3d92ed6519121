//! Structured data and Open Graph tags against the visible text of the served pages, with the shipped content and with
//! content that has people, reviewers, every fact, and characters that would end a script element.

use crate::support::{
    clinic::Clinic,
    content_folder::ContentFolder,
    html::{Dom, text},
};
use scraper::ElementRef;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// A title that ends elements wherever it is not escaped.
const HOSTILE: &str = "Ann & Bob's \\\"</script><b>\\\" question";

/// Fills in every optional fact and field.
fn fill_in_everything(folder: &Path) {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder can be made")).expect("a folder can be made");
        fs::write(file, text).expect("the content file can be written");
    };
    let clinic = fs::read_to_string(folder.join("clinic.toml")).expect("the facts are there");
    let clinic = clinic
        .replace("# licence = \"LMFT 00000\"", "licence = \"LMFT 00000\"")
        .replace("# languages = [\"English\"]", "languages = [\"English\", \"Spanish\"]")
        .replace("# profiles = [\"https://…\"]", "profiles = [\"https://profiles.example/clinic\"]");
    write("clinic.toml", &clinic);
    let person = |name: &str, more: &str| {
        format!(
            "+++\nname = \"{name}\"\n{more}description = \"Somebody who reads and writes for the clinic, at length and with care, as this line shows.\"\n+++\nA person.\n"
        )
    };
    let ethel = "credentials = \"MA LMFT\"\nrole = \"Therapist\"\nlicence = \"LMFT 00000\"\n";
    write("people/ethel.md", &person("Ethel Mosena", ethel));
    write("people/rae.md", &person("Rae O'Neill & Sons", "credentials = \"PhD\"\nlicence = \"PSY 1\"\n"));
    let article = format!(
        "+++\ntitle = \"{HOSTILE}\"\ndescription = \"A text with an author, a reviewer, questions & <signs> that would break out of a script.\"\n\
         published = 2026-06-09\nupdated = 2026-07-01\nauthor = \"ethel\"\nreviewed_by = \"rae\"\nreviewed = 2026-07-02\n\
         review_due = 2099-01-01\ntopics = [\"trust\", \"couples\"]\n[[questions]]\nask = \"Is </script> & 'this' one?\"\n\
         answer = \"Yes, *it* is: [call](/contact) & ask `</script>`.\"\n+++\nThe text.\n"
    );
    write("articles/hostile.md", &article);
}

struct Page<'d> {
    path: String,
    dom: &'d Dom,
    nodes: Vec<Value>,
    faults: Vec<String>,
}

impl Page<'_> {
    fn check(&mut self, holds: bool, what: &str) {
        if !holds {
            self.faults.push(format!("{}: {what}", self.path));
        }
    }

    fn of_type(&self, kind: &str) -> Vec<Value> {
        self.nodes.iter().filter(|node| node["@type"] == kind).cloned().collect()
    }

    fn shows(&self, fact: &Value) -> bool {
        fact.as_str().is_none_or(|fact| text(self.dom.one("body")).contains(fact))
    }

    fn node(&self, reference: &Value) -> Value {
        self.nodes.iter().find(|node| node["@id"] == reference["@id"]).cloned().unwrap_or_default()
    }

    fn texts(&self, selector: &str) -> Vec<String> {
        self.dom.all(selector).into_iter().map(text).collect()
    }

    /// The day in the first `time` of the paragraph that begins so.
    fn day(&self, selector: &str, begins: &str) -> Option<String> {
        let paragraph = self.dom.all(selector).into_iter().find(|p| text(*p).starts_with(begins))?;
        let time = paragraph.descendants().filter_map(ElementRef::wrap).find(|e| e.value().name() == "time")?;
        time.value().attr("datetime").map(str::to_owned)
    }

    fn meta(&self, property: &str) -> String {
        let found = self.dom.attributes(&format!("meta[property='{property}']"), "content");
        assert!(found.len() <= 1, "{}: {property} twice", self.path);
        found.into_iter().next().unwrap_or_default()
    }

    fn ids_are_unique_and_lead_somewhere(&mut self) {
        let ids: BTreeSet<String> = self.nodes.iter().map(|node| node["@id"].to_string()).collect();
        self.check(ids.len() == self.nodes.len(), "two nodes have one id, or none");
        let mut lost = Vec::new();
        references(&Value::Array(self.nodes.clone()), &mut |id| {
            if !ids.contains(&id.to_string()) {
                lost.push(id.to_string());
            }
        });
        self.check(lost.is_empty(), &format!("nothing is at {lost:?}"));
    }

    fn the_page_is_this_one(&mut self) {
        let pages: Vec<Value> =
            self.nodes.iter().filter(|n| n["@id"].to_string().ends_with("#page\"")).cloned().collect();
        self.check(pages.len() == 1, "one page node");
        let page = &pages[0];
        let canonical = self.dom.attributes("link[rel=canonical]", "href");
        self.check([page["url"].as_str().unwrap_or_default()] == canonical.as_slice(), "url is the canonical address");
        self.check(self.meta("og:url") == canonical[0], "og:url is the canonical address");
        let name = page["name"].as_str().unwrap_or_default();
        self.check(self.dom.text("title").starts_with(&folded(name)), "the title begins with the name");
        self.check(self.meta("og:title") == name, "og:title is the name");
        let description = self.dom.attributes("meta[name=description]", "content");
        self.check([page["description"].as_str().unwrap_or_default()] == description.as_slice(), "description");
        self.check(self.meta("og:description") == description[0], "og:description");
        let reviewed = self.day(".article__imprint p", "Reviewed");
        self.check(page["lastReviewed"].as_str() == reviewed.as_deref(), &format!("reviewed {reviewed:?}"));
        let reviewer = self.node(&page["reviewedBy"])["name"].clone();
        let imprint = self.texts(".article__imprint").concat();
        self.check(reviewed.is_some() == reviewer.is_string(), "a review has a reviewer");
        self.check(imprint.contains(reviewer.as_str().unwrap_or_default()), "the reviewer is named at the end");
        if let Some(changed) = page["dateModified"].as_str() {
            self.check(self.day(".page-foot", "Last changed").as_deref() == Some(&changed[..10]), "last changed");
        }
    }

    fn the_practice_is_the_one_in_the_footer(&mut self) {
        let practice = self.of_type("MedicalBusiness").remove(0);
        let telephone = practice["telephone"].as_str().expect("the telephone number is text").to_owned();
        let call = self.dom.all(&format!(".site-footer a[href='tel:{telephone}']"));
        let shown: String =
            call.iter().flat_map(ElementRef::text).collect::<String>().chars().filter(char::is_ascii_digit).collect();
        self.check(!shown.is_empty() && telephone.ends_with(&shown), "the telephone is the visible one");
        let address = &practice["address"];
        for fact in [
            &practice["name"],
            &practice["email"],
            &address["streetAddress"],
            &address["addressLocality"],
            &address["postalCode"],
        ] {
            let shown = fact.is_string() && self.shows(fact);
            self.check(shown, &format!("{fact} is visible"));
        }
        for language in practice["knowsLanguage"].as_array().into_iter().flatten() {
            let shown = self.shows(language);
            self.check(shown, &format!("{language} is visible"));
        }
        for person in self.of_type("Person") {
            for fact in
                [&person["name"], &person["honorificSuffix"], &person["jobTitle"], &person["hasCredential"]["name"]]
            {
                let shown = self.shows(fact);
                self.check(shown, &format!("{fact} is visible"));
            }
        }
    }

    fn the_article_is_the_visible_one(&mut self) {
        let articles = self.of_type("BlogPosting");
        self.check(articles.len() == self.dom.all("article.article").len(), "an article is marked up if there is one");
        let Some(article) = articles.first() else { return };
        self.check(self.texts("h1") == [folded(article["headline"].as_str().unwrap_or_default())], "headline");
        let (published, modified) = (day(&article["datePublished"]), day(&article["dateModified"]));
        self.check(self.day(".article__facts p", "Published").as_ref() == Some(&published), "published");
        let updated = self.day(".article__facts p", "Updated").unwrap_or(published);
        self.check(updated == modified, "updated");
        let author = self.node(&article["author"])["name"].as_str().unwrap_or_default().to_owned();
        let by = self.texts(".article__facts p").swap_remove(0);
        self.check(by.starts_with(&format!("By {author}")), &format!("{by} is {author}"));
        let topics = article["articleSection"].as_array().expect("a list").clone();
        let topics: Vec<&str> = topics.iter().filter_map(Value::as_str).collect();
        self.check(self.texts(".article__topic-link") == topics, "topics");
        let published = self.meta("article:published_time");
        self.check(article["datePublished"] == published.as_str(), "article:published_time");
    }

    fn questions_are_word_for_word_the_visible_ones(&mut self) {
        let visible: Vec<(String, String)> =
            self.texts(".question__ask").into_iter().zip(self.texts(".question__answer")).collect();
        let marked = self.of_type("FAQPage");
        let marked = marked.first().and_then(|faq| faq["mainEntity"].as_array().cloned()).unwrap_or_default();
        let marked: Vec<(String, String)> = marked
            .iter()
            .map(|q| {
                let answer = q["acceptedAnswer"]["text"].as_str().unwrap_or_default();
                (folded(q["name"].as_str().unwrap_or_default()), Dom::new(answer).text("body"))
            })
            .collect();
        self.check(visible == marked, &format!("{visible:?} is {marked:?}"));
    }

    fn the_trail_is_the_visible_one(&mut self) {
        let lists = self.of_type("BreadcrumbList");
        let items = lists.first().and_then(|list| list["itemListElement"].as_array().cloned()).unwrap_or_default();
        let origin = "http://localhost:3000";
        let mut visible: Vec<(String, String)> = self
            .dom
            .all("nav[aria-label=Breadcrumb] a")
            .iter()
            .map(|a| (text(*a), format!("{origin}{}", a.value().attr("href").unwrap_or_default())))
            .collect();
        if !visible.is_empty() {
            visible.push((self.dom.text("h1"), format!("{origin}{}", self.path)));
        }
        let marked: Vec<(String, String)> = items
            .iter()
            .map(|item| {
                (
                    folded(item["name"].as_str().unwrap_or_default()),
                    item["item"].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        self.check(visible == marked, &format!("{visible:?} is {marked:?}"));
        let positions: Vec<u64> = items.iter().filter_map(|item| item["position"].as_u64()).collect();
        self.check(positions == (1..=items.len() as u64).collect::<Vec<_>>(), "positions count from 1");
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn day(moment: &Value) -> String {
    let moment = moment.as_str().unwrap_or_default();
    assert!(moment.len() == 25 && moment[19..].starts_with(['-', '+']), "a day with a zone: {moment}");
    moment[..10].to_owned()
}

/// Every object that is nothing but an id.
fn references(value: &Value, found: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("@id") => found(&fields["@id"]),
        Value::Object(fields) => fields.values().for_each(|value| references(value, found)),
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn compare(clinic: &Clinic) -> usize {
    let sitemap = clinic.get("/sitemap.xml").body;
    let paths: Vec<&str> =
        sitemap.split("<loc>http://localhost:3000").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    let mut faults = Vec::new();
    for path in &paths {
        let dom = Dom::new(&clinic.get(path).is(200).body);
        let script = text(dom.one("script[type='application/ld+json']"));
        assert!(!script.contains(['<', '>', '&']), "{path}: markup in the data");
        let graph: Value = serde_json::from_str(&script).unwrap_or_else(|error| panic!("{path}: {error}"));
        let nodes = graph["@graph"].as_array().expect("a graph").clone();
        let mut page = Page { path: (*path).to_owned(), dom: &dom, nodes, faults: Vec::new() };
        page.ids_are_unique_and_lead_somewhere();
        page.the_page_is_this_one();
        page.the_practice_is_the_one_in_the_footer();
        page.the_article_is_the_visible_one();
        page.questions_are_word_for_word_the_visible_ones();
        page.the_trail_is_the_visible_one();
        faults.append(&mut page.faults);
    }
    assert!(faults.is_empty(), "{faults:#?}");
    paths.len()
}

#[test]
fn structured_data_matches_the_visible_page() {
    assert!(compare(&Clinic::start()) > 15, "the shipped pages");
}

#[test]
fn structured_data_matches_the_visible_page_with_every_fact_and_hostile_text() {
    let content = ContentFolder::copied();
    fill_in_everything(content.folder());
    let clinic = content.open(&[]);
    let plain = fs::read_dir("content/people").map_or(0, Iterator::count);
    assert!(compare(&clinic) > 17 + plain, "people and the article are among the pages");
    let article = clinic.get("/articles/hostile");
    article.is(200).has("\"lastReviewed\":\"2026-07-02\"").has("PSY 1").has("license LMFT 00000").lacks("<b>");
    clinic.get("/people/ethel").is(200).has("\"ProfilePage\"").has("\"jobTitle\":\"Therapist\"").has("\"worksFor\"");
    clinic.get("/people/rae").is(200).lacks("\"jobTitle\"").has("\"PSY 1\"");
    clinic.get("/").is(200).has("\"knowsLanguage\":[\"English\",\"Spanish\"]").has("https://profiles.example/clinic");
}

#[test]
fn pages_that_are_not_indexed_have_no_structured_data() {
    let clinic = Clinic::with(&[("CLINIC_STAGING", "true")]);
    for path in ["/", "/articles", "/contact", "/no-such-page"] {
        clinic.get(path).lacks("ld+json").lacks("og:").has("noindex");
    }
    Clinic::start().get("/no-such-page").is(404).lacks("ld+json").lacks("og:").has("noindex");
}
