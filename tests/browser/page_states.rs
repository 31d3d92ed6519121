//! Every state that a page can be in, common and extreme: five content folders, and the answers to failures.

use crate::{
    support::{
        clinic::{Clinic, links, valid_form, wait_for},
        content_folder::ContentFolder,
        edition::edition,
    },
    visitor::{ARTICLE, MISSING},
};
use image::{ImageFormat, Rgb, RgbImage};
use jiff::civil::date;
use relationship_clinic::pages::{self, Failure};
use std::{io::Cursor, path::Path};

/// A state of a page: its name, how to reach it, and the beginning of its main heading, which proves that it is shown.
pub struct State {
    pub name: &'static str,
    pub shown: Shown,
    pub heading: &'static str,
}

/// How to reach a state.
pub enum Shown {
    /// At this path.
    Path(String),
    /// As HTML: the answer to a POST, or a page that has no address.
    Html(String),
}

/// A content folder with the program that serves it.
pub struct Site {
    pub clinic: Clinic,
    pub states: Vec<State>,
    _content: Option<ContentFolder>,
}

fn state_at_path(name: &'static str, path: &str, heading: &'static str) -> State {
    State { name, shown: Shown::Path(path.to_owned()), heading }
}

fn state_from_html(name: &'static str, html: String, heading: &'static str) -> State {
    State { name, shown: Shown::Html(html), heading }
}

/// Starts a program for each content folder.
pub fn sites() -> Vec<Site> {
    vec![shipped(), extreme(), many_articles(), one_article(), no_article()]
}

/// The shipped content.
fn shipped() -> Site {
    let clinic = Clinic::start();
    let mut states = vec![
        state_at_path("home", "/", "Therapy for relationships"),
        state_at_path("list", "/articles", "Articles"),
        state_at_path("topic", "/topics/couples", "Couples"),
        state_at_path("article", "/articles/attachment-repair-therapy", ""),
        state_at_path("article-sensitive", ARTICLE, "When a partner"),
        state_at_path("page", "/approach", ""),
        state_at_path("page-new-clients", "/new-clients", ""),
        state_at_path("page-privacy", "/privacy", "Privacy"),
        state_at_path("page-safety", "/staying-safe-online", "Staying safe"),
        state_at_path("page-accessibility", "/accessibility", "Accessib"),
        state_at_path("contact", "/contact", "Write to the clinic"),
        state_at_path("search", "/search", "Search"),
        state_at_path("search-found", "/search?q=afraid+of+being+left", "Search"),
        state_at_path("search-misspelled", "/search?q=quarell", "Search"),
        state_at_path("search-nothing", "/search?q=zeppelin", "Search"),
        state_at_path("not-found", MISSING, "Page not found"),
    ];
    let receipt = clinic.post(&valid_form()).is(303).header("location").to_owned();
    states.push(state_at_path("received", &receipt, "Thank you. We have your message."));
    let links = links(&clinic.letters(1).remove(0));
    states.push(state_at_path("staff-asks", &links[0], "Mark No. 1 as answered?"));
    let here = [("sec-fetch-site", "same-origin")];
    states.push(state_from_html("staff-done", clinic.press(&links[1], &here).is(200).body.clone(), "No. 1 is marked"));
    states.extend(failures(&clinic));
    Site { clinic, states, _content: None }
}

/// The answers to rejected posts, and the page of a panic.
fn failures(clinic: &Clinic) -> Vec<State> {
    let own = [("sec-fetch-site", "same-origin")];
    let invalid = [
        ("channel", "phone"),
        ("phone", "12"),
        ("email", "ana@"),
        ("times", &"x".repeat(400)),
        ("message", &"word ".repeat(400)),
        ("about", "when-a-partner-shuts-down"),
    ];
    let mut states = vec![
        state_from_html("contact-errors", clinic.post(&invalid).is(422).body.clone(), "Write to the clinic"),
        state_from_html(
            "contact-cross-site",
            clinic.post_with(&valid_form(), &[("sec-fetch-site", "cross-site")]).is(403).body.clone(),
            "Write to the clinic",
        ),
        state_from_html(
            "too-large",
            clinic.post_bytes(&vec![b'x'; 200_000], &own).is(413).body.clone(),
            "Your message is too",
        ),
        state_from_html("internal", panicked(), "Something went wrong"),
    ];
    // Last: the program accepts no further posts afterwards.
    let limited = (0..40).map(|_| clinic.post(&valid_form())).find(|answer| answer.status == 429);
    states.push(state_from_html(
        "contact-rate-limited",
        limited.expect("the rate limit is reached").body,
        "Write to the clinic",
    ));
    states
}

/// The page of a panic, which has no address.
fn panicked() -> String {
    let edition = edition(Path::new("content"), "http://localhost", date(2026, 11, 24));
    pages::failure(&edition, Failure::Internal)
}

const LONG: &str = "What two people may say to each other on the evening after a quarrel that neither of them began, that \
    both of them ended, and that will be back before the end of the week";

/// Long titles, long words, articles with nothing but text, every optional fact, and a clinic that is away.
fn extreme() -> Site {
    let content = ContentFolder::copied();
    let description =
        "description = \"A description that is as long as descriptions ought to be, neither less nor much more.\"\n";
    content.write(
        "people/ana.md",
        format!(
            "+++\nname = \"Ana María Featherstonehaugh-Wolfeschlegelsteinhausen\"\ncredentials = \"LMFT\"\n\
             role = \"A person of the tests, who writes articles\"\nlicence = \"LMFT 00000\"\n\
             image = {{src = \"ana.png\", alt = \"Nobody, in two colors\"}}\n{description}+++\n\n\
             Someone who does not exist.\n\nA second paragraph, so that there is something to read.\n"
        ),
    );
    let article = |title: &str, more: &str, body: &str| {
        let head = format!("+++\ntitle = \"{title}\"\npublished = 2026-06-01\nupdated = 2026-07-01\n");
        format!(
            "{head}topics = [\"couples\", \"conflict\", \"trust\", \"attachment\", \"starting-therapy\"]\n{description}{more}+++\n\n{body}\n"
        )
    };
    let review = "author = \"ana\"\nreviewed_by = \"ana\"\nreviewed = 2026-08-01\nreview_due = 2027-08-01\n";
    content.write("articles/long-title.md", article(LONG, review, "One paragraph, and no more."));
    let word = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz";
    let long_word = format!(
        "Some people have a word for it, {word}.\n\n## {word}\n\n> {word}\n\n| {word} | b |\n|---|---|\n| a | {word} |\n"
    );
    content.write("articles/long-word.md", article(word, "", &long_word));
    let photo = "image = {src = \"room.jpg\", alt = \"A wall of two colors\"}\n";
    let between = "A paragraph above it.\n\n![The same wall](room.jpg \"With a caption.\")\n\nA paragraph below it.";
    content.write("articles/photograph/index.md", article("An article with a photograph", photo, between));
    content.write("articles/photograph/room.jpg", photograph(1000, 650, ImageFormat::Jpeg));
    content.write("people/ana.png", photograph(800, 980, ImageFormat::Png));
    content.write("articles/retired.md", article("An article that was withdrawn", "retired = true\n", "Gone."));
    let topic = format!("+++\ntitle = \"Nothing yet\"\n{description}+++\n");
    content.write("topics/nothing-yet.md", topic);
    let draft = format!(
        "+++\ntitle = \"A page that waits for approval\"\napproved = false\n{description}+++\n\nA first sentence.\n\n## A part\n\nA second one.\n"
    );
    content.write("pages/waiting.md", draft);
    content.replace_line("clinic.toml", "[facts]", FACTS);
    content.replace_line("clinic.toml", "text_messages", "text_messages = true");
    content.add("clinic.toml", "\n[availability]\nstate = \"away\"\nuntil = 2099-01-03\n");
    let clinic = content.open(&[]);
    wait_for(|| clinic.get("/articles/photograph").body.contains("<picture>").then_some(()))
        .unwrap_or_else(|| panic!("no photographs:\n{}", clinic.log()));
    let receipt = clinic.post(&valid_form()).is(303).header("location").to_owned();
    let states = vec![
        state_at_path("home-away", "/", "Therapy for relationships"),
        state_at_path("person", "/people/ana", "Ana María"),
        state_at_path("list-long-title", "/articles", "Articles"),
        state_at_path("article-long-title", "/articles/long-title", "What two people"),
        state_at_path("article-long-word", "/articles/long-word", "Rindfleisch"),
        state_at_path("article-photograph", "/articles/photograph", "An article with"),
        state_at_path("topic-empty", "/topics/nothing-yet", "Nothing yet"),
        state_at_path("page-draft", "/waiting", "A page that waits"),
        state_at_path("contact-away", "/contact", "Write to the clinic"),
        state_at_path("received-away", &receipt, "Thank you. We have your message."),
        state_at_path("gone", "/articles/retired", "This page has been taken down"),
    ];
    Site { clinic, states, _content: Some(content) }
}

/// Two colors that grow darker towards the lower edge.
fn photograph(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        let light = u8::try_from(230 - 150 * y / height).expect("at most 230");
        if x < width / 2 { Rgb([light, light / 2, light / 3]) } else { Rgb([light / 3, light / 2, light / 2]) }
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("writing to memory succeeds");
    bytes.into_inner()
}

const FACTS: &str = "[facts]\nfees = \"What a session costs is agreed on before the first one.\"\n\
    insurance = \"Ask your insurer before you come.\"\nlanguages = [\"English\", \"Spanish\", \"Portuguese\"]\n\
    telehealth = \"By video, for people in California.\"";

/// More articles than fit on a page of the list.
fn many_articles() -> Site {
    let content = ContentFolder::copied();
    for number in 1..=20 {
        let head = format!("+++\ntitle = \"An article of many, number {number}\"\npublished = 2026-05-{number:02}\n");
        let description =
            "description = \"One of so many that the list of all of them takes a second page to show them.\"";
        let text = format!("{head}topics = [\"couples\"]\n{description}\n+++\n\nOne paragraph.\n");
        content.write(&format!("articles/many-{number}.md"), text);
    }
    let clinic = content.open(&[]);
    let states = vec![
        state_at_path("list-first-page", "/articles", "Articles"),
        state_at_path("list-second-page", "/articles/page/2", "Articles"),
        state_at_path("topic-many", "/topics/couples", "Couples"),
    ];
    Site { clinic, states, _content: Some(content) }
}

/// No article at all.
fn no_article() -> Site {
    let content = ContentFolder::copied();
    content.keep_only("none of them");
    let clinic = content.open(&[]);
    let states = vec![
        state_at_path("home-no-article", "/", "Therapy for relationships"),
        state_at_path("list-empty", "/articles", "Articles"),
    ];
    Site { clinic, states, _content: Some(content) }
}

/// One article, a waiting list, staging, and a database that cannot be reached.
fn one_article() -> Site {
    let content = ContentFolder::copied();
    content.keep_only("choosing-a-therapist");
    content.add("clinic.toml", "\n[availability]\nstate = \"waiting-list\"\n");
    let clinic = content.open(&[
        ("CLINIC_DATABASE_URL", "postgres://nobody@127.0.0.1:9/none"),
        ("CLINIC_SECRET", "a secret of at least thirty-two characters"),
        ("CLINIC_STAGING", "true"),
    ]);
    let states = vec![
        state_at_path("home-one-article", "/", "Therapy for relationships"),
        state_at_path("list-one-article", "/articles", "Articles"),
        state_at_path("article-alone", "/articles/choosing-a-therapist", ""),
        state_at_path("contact-waiting-list", "/contact", "Write to the clinic"),
        state_from_html("contact-not-stored", clinic.post(&valid_form()).is(503).body.clone(), "Write to the clinic"),
    ];
    Site { clinic, states, _content: Some(content) }
}
