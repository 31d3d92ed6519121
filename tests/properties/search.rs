//! Search over the shipped content.

use super::{one_in, text};
use jiff::civil::date;
use proptest::{prelude::*, sample::select};
use relationship_clinic::{
    content::{Site, load},
    search::Index,
};
use std::{path::Path, sync::LazyLock};

static SITE: LazyLock<Site> = LazyLock::new(|| load(Path::new("content"), None, date(2026, 11, 24)).unwrap().site);
static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&SITE));
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text: Vec<&str> = SITE.articles.iter().map(|article| &*article.text).collect();
    let words = text.concat();
    let words = words.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 7);
    words.map(str::to_owned).collect()
});

proptest! {
    #![proptest_config(one_in(4))]

    #[test]
    fn any_query_has_an_answer_whose_parts_agree(query in text()) {
        let found = INDEX.find(&query);
        prop_assert!(found.hits.len() <= 20 && found.hits.len() <= found.total);
        for hit in &found.hits {
            let page = hit.path.split('#').next().unwrap();
            let known = |path: String| path == page;
            let article = SITE.articles.iter().any(|article| known(format!("/articles/{}", article.slug)));
            let page = SITE.pages.iter().any(|page| known(format!("/{}", page.slug)));
            let topic = SITE.topics.iter().any(|topic| known(format!("/topics/{}", topic.slug)));
            prop_assert!(article || page || topic, "{}", hit.path);
            prop_assert!(hit.excerpt.iter().all(|part| !part.text.is_empty() && !part.text.contains('\n')));
        }
    }

    #[test]
    fn every_word_of_an_article_is_found_however_it_is_written(
        word in select(&WORDS[..]), space in select(&["", " ", "\u{a0}", "\n", "(", "\u{feff} "][..]),
    ) {
        let found = INDEX.find(&word);
        prop_assert!(found.total > 0 && found.read_as.is_none(), "{word}: {found:?}");
        prop_assert_eq!(INDEX.find(&format!("{space}{}{space}", word.to_uppercase())), found);
    }
}
