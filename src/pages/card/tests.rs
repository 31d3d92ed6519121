//! Every title stands inside its room, measured on the finished drawing.

use super::*;
use resvg::usvg::{Group, Node};

fn card(title: &str) -> Card {
    Card::new("/x", title, "The Relationship Clinic", Some("Ethel Mosena MA LMFT"))
}

/// Left, top, right and bottom of every text, and of the ink of its letters.
fn boxes(group: &Group, found: &mut Vec<[f32; 4]>) {
    for node in group.children() {
        match node {
            Node::Group(group) => boxes(group, found),
            Node::Text(text) => {
                let ink = text.flattened().abs_bounding_box();
                found.push([ink.left(), ink.top(), ink.right(), ink.bottom()]);
            }
            _ => {}
        }
    }
}

fn faults(title: &str) -> Vec<String> {
    let tree = draw::tree(&card(title).drawing());
    let mut found = Vec::new();
    boxes(tree.root(), &mut found);
    let outside = |b: &[f32; 4]| b[0] < 380.0 || b[2] > 1130.0 || b[1] < 84.0 || b[3] > 590.0;
    let titles = &found[..found.len().saturating_sub(2)];
    let on_the_foot = |b: &&[f32; 4]| b[3] > 522.0;
    let mut faults: Vec<String> = found.iter().filter(|b| outside(b)).map(|b| format!("{title:.40}: {b:?}")).collect();
    faults.extend(titles.iter().filter(on_the_foot).map(|b| format!("{title:.40}: over the foot {b:?}")));
    if titles.is_empty() {
        faults.push(format!("{title:.40}: no title"));
    }
    faults
}

#[test]
fn no_title_runs_over_an_edge() {
    let titles = [
        "Contact".to_owned(),
        "Attachment repair therapy: how old wounds can change".to_owned(),
        "W".repeat(300),
        "Donaudampfschifffahrtsgesellschaftskapitän und Rindfleischetikettierungsüberwachungsaufgabe".to_owned(),
        "MWMW ".repeat(80),
        "i l ".repeat(100),
        "Ann & Bob's \"</text><script>\" \u{7} question".to_owned(),
        "Æsop’s ÁÉÍ ÿ—fjgpqy Å".to_owned(),
        "Ελληνικά και кириллица".to_owned(),
    ];
    let faults: Vec<String> = titles.iter().flat_map(|title| faults(title)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_card_is_a_png_of_its_size_and_light_enough() {
    for title in ["Trust", "A title of a usual length, such as most articles have"] {
        let png = card(title).draw();
        let size = imagesize::blob_size(&png).unwrap();
        assert_eq!((size.width, size.height), (1200, 630));
        assert!(png.len() < 300_000, "{} bytes", png.len());
    }
}

#[test]
fn other_words_have_another_address_and_the_same_words_the_same() {
    assert_eq!(card("a").address, card("a").address);
    assert_ne!(card("a").address, card("b").address);
    assert_eq!(plain(&card("a").address).as_deref(), Some("cards/x.png"));
}
