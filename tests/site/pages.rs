//! Rules for all pages, as served.

use crate::support::{
    clinic::{Answer, Clinic},
    content_folder::ContentFolder,
    html::{Dom, text},
};
use relationship_clinic::content::{ARTICLE_TEMPLATE_IDS, TEMPLATE_IDS};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// Shared by all tests of this file, which do not change it.
static CLINIC: LazyLock<Clinic> = LazyLock::new(Clinic::start);

/// Every page of the sitemap, and a missing page.
static PAGES: LazyLock<BTreeMap<String, (Answer, Source)>> = LazyLock::new(|| {
    let mut paths: BTreeSet<String> = sitemap().into_iter().collect();
    paths.insert("/no-such-page".to_owned());
    let pages = paths.into_iter().map(|path| {
        let answer = CLINIC.get(&path);
        let dom = Source(answer.body.clone());
        (path, (answer, dom))
    });
    pages.collect()
});

/// HTML as text, since a parsed tree cannot be shared between threads.
struct Source(String);

impl Source {
    fn dom(&self) -> Dom {
        Dom::new(&self.0)
    }
}

fn sitemap() -> Vec<String> {
    let xml = CLINIC.get("/sitemap.xml");
    let origin = "http://localhost:3000";
    let paths: Vec<String> = xml
        .body
        .split("<loc>")
        .skip(1)
        .map(|rest| {
            rest.split("</loc>")
                .next()
                .expect("a closed element")
                .strip_prefix(origin)
                .expect("an address of this site")
                .to_owned()
        })
        .collect();
    assert!(paths.len() > 15, "the sitemap names the shipped pages: {paths:?}");
    paths
}

fn on_every_page(mut rule: impl FnMut(&str, &Dom) -> Vec<String>) {
    let mut faults = Vec::new();
    for (path, (_, html)) in PAGES.iter() {
        faults.extend(rule(path, &html.dom()).into_iter().map(|fault| format!("{path}: {fault}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_page_of_the_sitemap_answers_and_is_its_own_canonical_address() {
    for path in sitemap() {
        let (answer, html) = &PAGES[&path];
        answer.is(200);
        let canonical = html.dom().attributes("link[rel=canonical]", "href");
        assert_eq!(canonical, [format!("http://localhost:3000{path}")], "{path}");
    }
    PAGES["/no-such-page"].0.is(404).has("Page not found").has("(650) 799-1375").has("988");
}

#[test]
fn every_page_is_valid_html() {
    on_every_page(|_, dom| dom.errors().iter().map(ToString::to_string).collect());
}

#[test]
fn every_page_has_one_h1_and_skips_no_heading_level() {
    on_every_page(|_, dom| {
        let levels: Vec<u8> = dom
            .all("h1, h2, h3, h4, h5, h6")
            .iter()
            .map(|heading| heading.value().name().as_bytes()[1] - b'0')
            .collect();
        let ones = dom.all("h1").len();
        let skips = levels.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
        let mut faults = Vec::new();
        if ones != 1 {
            faults.push(format!("{ones} h1"));
        }
        if skips > 0 {
            faults.push(format!("levels {levels:?}"));
        }
        faults
    });
}

#[test]
fn every_id_is_unique_and_every_reference_to_one_leads_somewhere() {
    on_every_page(|_, dom| {
        let ids = dom.attributes("[id]", "id");
        let unique: BTreeSet<&String> = ids.iter().collect();
        let mut faults = Vec::new();
        if unique.len() != ids.len() {
            faults.push(format!("duplicate ids in {ids:?}"));
        }
        for attribute in ["for", "aria-labelledby", "aria-describedby", "aria-controls"] {
            for value in dom.attributes(&format!("[{attribute}]"), attribute) {
                for id in value.split_whitespace().filter(|id| !unique.contains(&(*id).to_owned())) {
                    faults.push(format!("{attribute}={id}"));
                }
            }
        }
        faults
    });
}

#[test]
fn the_ids_that_no_heading_gets_are_those_of_the_templates() {
    let content = ContentFolder::copied();
    content.replace_line("clinic.toml", "text_messages", "text_messages = true");
    content.add("articles/trust-after-betrayal/index.md", "\nText.[^a]\n\n[^a]: A note.\n");
    let person = "+++\nname = \"Ana\"\ndescription = \"A person.\"\n+++\nText.\n";
    content.write("people/ana.md", person);
    content.replace_line(
        "articles/trust-after-betrayal/index.md",
        "published",
        "published = 2026-01-01\nauthor = \"ana\"",
    );
    let clinic = content.open(&[]);
    let ids = |path: &str| {
        let dom = Dom::new(&clinic.get(path).is(200).body);
        let headings = dom.attributes(".prose > h2, .prose > h3, .prose > h4", "id");
        let is_template = |id: &String| !headings.contains(id) && !id.starts_with("question-") && !id.contains('_');
        dom.attributes("[id]", "id").into_iter().filter(is_template).collect::<BTreeSet<_>>()
    };
    let list = |ids: &str| ids.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    let (every, article) = (list(TEMPLATE_IDS), list(ARTICLE_TEMPLATE_IDS));
    let pages: BTreeSet<_> = ["/", "/approach", "/topics/trust", "/people/ana"].into_iter().flat_map(ids).collect();
    assert!(pages.is_subset(&every), "missing in TEMPLATE_IDS: {:?}", pages.difference(&every));
    let all = &pages | &ids("/articles/trust-after-betrayal");
    assert_eq!(all, &every | &article);
}

#[test]
fn every_control_has_a_label() {
    on_every_page(|_, dom| {
        let labels = dom.attributes("label[for]", "for");
        dom.all("input:not([type=hidden]), textarea, select")
            .iter()
            .filter_map(|control| control.value().attr("id").map(str::to_owned).or(Some(String::new())))
            .filter(|id| !labels.contains(id))
            .collect()
    });
}

#[test]
fn every_page_has_a_language_a_description_and_a_title_of_its_own() {
    let mut titles = BTreeMap::new();
    on_every_page(|path, dom| {
        let mut faults = Vec::new();
        if dom.attributes("html", "lang") != ["en-US"] {
            faults.push("no language".to_owned());
        }
        let title = dom.text("title");
        if let Some(other) = titles.insert(title.clone(), path.to_owned()) {
            faults.push(format!("the title `{title}` is also that of {other}"));
        }
        if path != "/no-such-page" {
            let descriptions = dom.attributes("meta[name=description]", "content");
            if descriptions.len() != 1 || descriptions[0].len() < 50 {
                faults.push(format!("description {descriptions:?}"));
            }
        }
        faults
    });
}

#[test]
fn every_link_and_fragment_resolves() {
    let mut checked = BTreeSet::new();
    on_every_page(|path, dom| {
        let mut faults = Vec::new();
        for href in dom.attributes("a[href]", "href") {
            if ["https://", "tel:", "sms:", "mailto:"].iter().any(|scheme| href.starts_with(scheme)) {
                continue;
            }
            let (target, fragment) = href.split_once('#').unwrap_or((&href, ""));
            let target = if target.is_empty() { path } else { target };
            if checked.insert((target.to_owned(), fragment.to_owned())) && !leads_somewhere(target, fragment) {
                faults.push(href.clone());
            }
        }
        faults
    });
}

fn leads_somewhere(path: &str, fragment: &str) -> bool {
    let answer = if path == "/no-such-page" { return true } else { CLINIC.get(path) };
    answer.status == 200
        && (fragment.is_empty() || Dom::new(&answer.body).attributes("[id]", "id").contains(&fragment.to_owned()))
}

#[test]
fn nothing_is_inline_and_nothing_is_loaded_from_other_hosts() {
    on_every_page(|_, dom| {
        let mut faults: Vec<String> = dom.attributes("[style]", "style");
        faults.extend(dom.all("style, script:not([src]):not([type='application/ld+json'])").iter().map(|e| text(*e)));
        for (selector, attribute) in
            [("script", "src"), ("img", "src"), ("link[rel=stylesheet]", "href"), ("link[rel~=icon]", "href")]
        {
            for source in dom.attributes(selector, attribute) {
                if !source.starts_with('/') || source.starts_with("//") {
                    faults.push(source);
                } else if CLINIC.get(&source).status != 200 {
                    faults.push(format!("{source} is missing"));
                }
            }
        }
        for element in dom.all("*") {
            faults.extend(
                element.value().attrs().filter(|(name, _)| name.starts_with("on")).map(|(name, _)| name.to_owned()),
            );
        }
        faults
    });
}

#[test]
fn every_picture_has_a_description_and_a_size() {
    on_every_page(|_, dom| {
        dom.all("img")
            .iter()
            .filter(|img| ["alt", "width", "height"].iter().any(|name| img.value().attr(name).is_none()))
            .map(scraper::ElementRef::html)
            .collect()
    });
}

#[test]
fn help_lines_and_the_clinics_facts_are_on_every_page_in_the_same_order() {
    on_every_page(|_, dom| {
        let page = text(dom.one("body"));
        let places = ["Call 911", "Call 988", "741741", "2140 Ash Street"].map(|mark| page.rfind(mark));
        if places.iter().all(Option::is_some) && places.is_sorted() { vec![] } else { vec![format!("{places:?}")] }
    });
}

#[test]
fn every_answer_carries_the_security_headers_and_no_cookie() {
    for (path, (answer, _)) in PAGES.iter() {
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        for absent in ["set-cookie", "server", "x-powered-by"] {
            assert!(answer.headers.get(absent).is_none(), "{path}: {absent}");
        }
    }
}

#[test]
fn an_article_shows_all_of_its_parts() {
    let answer = CLINIC.get("/articles/attachment-repair-therapy");
    let dom = Dom::new(&answer.body);
    assert!(dom.attributes(".site-header img", "alt")[0].contains("Ethel Mosena MA LMFT"));
    assert!(dom.all(".takeaways li").len() == 3, "three takeaways");
    assert!(dom.all("nav.contents a").len() >= 9, "a contents list");
    assert!(dom.all("details.question").len() == 5, "five questions");
    assert!(!dom.all("#sources, .sources").is_empty(), "sources");
    assert!(!dom.all("main time[datetime]").is_empty(), "dates");
    answer
        .has("&nbsp;min&nbsp;read")
        .has("action=\"/contact\"")
        .has("isn’t a diagnosis")
        .has("tel:+16507991375")
        .has("mailto:info@therelationshipclinic.co");
    assert_eq!(dom.attributes("input[name=about]", "value"), ["attachment-repair-therapy"]);
    assert_eq!(dom.attributes("input[name=token]", "value"), [""], "a cached page carries no token");
}

/// The sections of the clinic's earlier article, and the parts of each, as words of the headings that now cover them.
const EARLIER_SECTIONS: [(&str, &[&str]); 9] = [
    ("What is attachment repair therapy", &["basics of attachment", "past shapes the present"]),
    ("How does it work", &["safe relationship with your therapist", "Techniques", "child you were"]),
    ("What can it help with", &["Trust", "Childhood wounds", "Conflict and intimacy", "Low mood, anxiety"]),
    ("Who is it for", &["Adults", "Children and teens", "Adoption and foster care", "Couples", "Families"]),
    ("What are its goals", &["Secure ways of relating", "emotion", "own worth", "Healing old wounds"]),
    ("What can you expect from sessions", &["First steps", "The middle", "Change"]),
    ("How is it different", &["early life", "safe space", "other therapies"]),
    (
        "How do you find the right therapist",
        &["What to look for", "Questions for a first consultation", "Getting ready"],
    ),
    ("Ready to talk", &[]),
];

#[test]
fn every_subject_of_the_earlier_article_has_a_heading_in_the_lead_article() {
    let dom = Dom::new(&CLINIC.get("/articles/attachment-repair-therapy").is(200).body);
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for heading in dom.all(".prose > h2, .prose > h3") {
        if heading.value().name() == "h2" {
            sections.push((text(heading), Vec::new()));
        } else {
            sections.last_mut().expect("a section comes before its parts").1.push(text(heading));
        }
    }
    for (section, parts) in EARLIER_SECTIONS {
        let found = sections.iter().find(|(title, _)| title.contains(section));
        let (_, titles) = found.unwrap_or_else(|| panic!("no section `{section}` in {sections:?}"));
        for part in parts {
            assert!(titles.iter().any(|title| title.contains(part)), "no part `{part}` of `{section}` in {titles:?}");
        }
    }
    let questions: Vec<String> = dom.all("details summary").into_iter().map(text).collect();
    for subject in ["blame my parents", "How long", "remember very little", "major trauma", "on my own"] {
        assert!(questions.iter().any(|ask| ask.contains(subject)), "no question `{subject}` in {questions:?}");
    }
    let main = dom.text("main");
    let before = main.split(" min read").next().expect("a first part");
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().expect("a last part");
    let minutes: usize = digits.parse().expect("a number of minutes");
    assert!(minutes <= 18, "{minutes} minutes of reading");
}

#[test]
fn the_wrong_method_is_answered_with_405() {
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    for path in ["/", "/articles", "/contact/received"] {
        let answer = agent.post(CLINIC.url(path)).send_empty().expect("the program answers");
        assert_eq!(answer.status().as_u16(), 405, "{path}");
    }
}
