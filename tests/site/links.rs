//! Signed links in letters to staff: GET shows a confirmation page; POST performs the action, once.

use crate::support::{
    clinic::{Answer, Clinic, links, valid_form},
    html::Dom,
};

#[track_caller]
fn shows(answer: &Answer, status: u16, heading: &str) {
    answer.is(status);
    let dom = Dom::new(&answer.body);
    assert_eq!(dom.text("h1"), heading);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-robots-tag"), "noindex");
    for personal in ["Ana", "555-0123", "quarrel"] {
        answer.lacks(personal);
    }
    let has_button = heading.ends_with('?') || heading.contains("marked");
    assert_eq!(dom.all("main form").len(), usize::from(has_button), "to confirm or to undo");
    answer.has("for the clinic’s staff");
}

#[test]
fn a_link_shows_a_confirmation_and_its_button_acts_once() {
    let clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    let links = links(&clinic.letters(1).remove(0));
    let [answered, spam] = links.as_slice() else { panic!("two links: {links:?}") };
    for _ in 0..3 {
        // Mail scanners and previewers open links, so GET changes nothing.
        shows(&clinic.get(answered), 200, "Mark No. 1 as answered?");
    }
    let from_elsewhere = clinic.press(answered, &[("sec-fetch-site", "cross-site")]);
    shows(&from_elsewhere, 403, "The button wasn’t pressed on this website");
    shows(&clinic.get(answered), 200, "Mark No. 1 as answered?");
    let here = [("sec-fetch-site", "same-origin")];
    shows(&clinic.press(answered, &here), 200, "No. 1 is marked as answered");
    shows(&clinic.press(answered, &here), 200, "No. 1 was already marked");
    shows(&clinic.get(answered), 200, "No. 1 was already marked");
    shows(&clinic.press(spam, &here), 200, "No. 1 is marked as advertising");
    shows(&clinic.press(spam, &here), 200, "No. 1 was already marked");
}

#[test]
fn a_mark_is_undone_on_the_page_that_set_it() {
    let clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    let here = [("sec-fetch-site", "same-origin")];
    for (link, mark) in links(&clinic.letters(1).remove(0)).iter().zip(["answered", "advertising"]) {
        let (undo, asks) = (format!("{link}?undo"), format!("Mark No. 1 as {mark}?"));
        let unmarked = clinic.press(&undo, &here);
        shows(&unmarked, 200, &asks);
        unmarked.has("action=\"?\"");
        let done = clinic.press(link, &here);
        shows(&done, 200, &format!("No. 1 is marked as {mark}"));
        done.has("action=\"?undo\"");
        shows(&clinic.get(&undo), 200, "No. 1 was already marked");
        shows(
            &clinic.press(&undo, &[("sec-fetch-site", "cross-site")]),
            403,
            "The button wasn’t pressed on this website",
        );
        shows(&clinic.press(&undo, &here), 200, "Mark removed from No. 1");
        shows(&clinic.get(link), 200, &asks);
    }
}

#[test]
fn a_link_without_a_valid_signature_is_not_found() {
    let clinic = Clinic::start();
    clinic.post(&valid_form()).is(303);
    let whole = links(&clinic.letters(1).remove(0)).remove(0);
    for path in ["/t/AAAA", &whole[..whole.len() - 1], &format!("{whole}A"), "/t/%00", "/t/%C3%A9"] {
        shows(&clinic.get(path), 404, "This link doesn’t work");
        shows(&clinic.press(path, &[]), 404, "This link doesn’t work");
    }
    shows(&clinic.get(&whole), 200, "Mark No. 1 as answered?");
}

#[test]
fn no_public_page_contains_a_signed_link() {
    let clinic = Clinic::start();
    for path in ["/robots.txt", "/sitemap.xml", "/", "/contact"] {
        clinic.get(path).is(200).lacks("/t/");
    }
}
