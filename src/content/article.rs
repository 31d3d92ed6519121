//! An article's file, read: front matter, body, questions, sources, and what contradicts itself.

use super::{
    fault::Source,
    folder::Text,
    front::{At, Keys, split},
    markdown::{self, Kind, Reference, render},
    site::{Article, Figure, Question, Review, Takeaway},
};
use jiff::civil::Date;
use serde::Deserialize;
use std::{ops::Range, path::PathBuf, sync::Arc};
use toml::Spanned;

/// Ids that the templates give.
const FIXED_IDS: [&str; 6] =
    ["main", "questions", "sources", "crisis-heading", "takeaways-heading", "contents-heading"];

/// An article with everything that other files decide about.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) article: Article,
    pub(super) source: Source,
    pub(super) folder: PathBuf,
    pub(super) unpublished: bool,
    pub(super) retired: bool,
    pub(super) aliases: Vec<At<String>>,
    pub(super) links: Vec<Reference>,
    pub(super) pictures: Vec<Reference>,
    pub(super) ids: Vec<String>,
    /// Slugs of people and topics with their places.
    pub(super) people: Vec<At<String>>,
    pub(super) topics: Vec<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawImage {
    src: Spanned<String>,
    alt: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTakeaway {
    #[serde(default)]
    lead: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    ask: Spanned<String>,
    answer: Option<Spanned<String>>,
}

/// Reads an article; the second value is false if nothing of it can be used.
pub(super) fn read(text: Text) -> Result<Draft, Source> {
    let Text { slug, mut source, folder } = text;
    let whole = Arc::clone(&source.text);
    let Some((mut keys, body)) = split(&whole, &mut source) else { return Err(source) };
    let Some(mut draft) = facts(&mut keys, &mut source, slug, folder, &whole) else {
        keys.finish(&mut source);
        return Err(source);
    };
    keys.finish(&mut source);
    let made = render(&mut source, &whole[body.clone()], body.start, Kind::Page);
    take_body(&mut draft, made);
    draft.source = source;
    Ok(draft)
}

fn facts(keys: &mut Keys<'_>, source: &mut Source, slug: String, folder: PathBuf, whole: &str) -> Option<Draft> {
    let title = keys.text(source, "title");
    let description = keys.text(source, "description");
    lengths(source, title.as_ref(), description.as_ref());
    let published = keys.date(source, "published");
    if published.is_none() && !source.faults.iter().any(|fault| fault.message.contains("published")) {
        source.error(0..3, "`published` is missing", "add a line published = 2026-11-24");
    }
    let updated = keys.date(source, "updated");
    let expires = keys.date(source, "expires");
    later(source, "updated", updated.as_ref(), published.as_ref());
    later(source, "expires", expires.as_ref(), published.as_ref());
    let author = keys.take::<String>(source, "author");
    let review = review(keys, source, published.as_ref());
    let topics = topics(keys, source);
    let takeaways = takeaways(keys, source);
    let image = image(keys, source);
    let (questions, parts) = questions(keys, source, whole);
    let (sources, cited) = sources(keys, source);
    let sensitive = keys.is_on(source, "sensitive");
    let unpublished = keys.is_on(source, "draft");
    let retired = keys.is_on(source, "retired");
    let aliases = strings(keys, source, "aliases");
    let people = author.iter().cloned().chain(review.iter().map(|(by, _)| by.clone())).collect();
    let article = Article {
        slug,
        title: title?.value,
        description: description?.value,
        published: published?.value,
        updated: updated.map(|at| at.value),
        author: author.map(|at| at.value),
        review: review.map(|(_, review)| review),
        topics: topics.iter().map(|at| at.value.clone()).collect(),
        takeaways,
        image: image.as_ref().map(|(_, figure)| figure.clone()),
        lead: None,
        body: super::site::Prose::default(),
        headings: Vec::new(),
        questions,
        sources,
        sensitive,
        expires: expires.map(|at| at.value),
        words: 0,
        text: parts.text.into(),
        related: Vec::new(),
    };
    let mut ids: Vec<String> = FIXED_IDS.iter().map(|id| (*id).to_owned()).collect();
    ids.extend(article.questions.iter().map(|question| question.id.clone()));
    let links = parts.links.into_iter().chain(cited).collect();
    let pictures = image.into_iter().map(|(reference, _)| reference).collect();
    Some(Draft {
        article,
        source: Source::new("", ""),
        folder,
        unpublished,
        retired,
        aliases,
        links,
        pictures,
        ids,
        people,
        topics,
    })
}

fn take_body(draft: &mut Draft, made: markdown::Made) {
    let article = &mut draft.article;
    let answers = std::mem::take(&mut article.text);
    let takeaways: usize = article.takeaways.iter().map(|t| words(&t.lead) + words(&t.text)).sum();
    article.words = words(&made.text) + words(&answers) + takeaways;
    article.text = (made.text + &answers).into();
    article.lead = made.lead;
    article.body = made.body;
    article.headings = made.headings;
    draft.links.extend(made.links);
    draft.pictures.extend(made.pictures);
    draft.ids.extend(made.ids);
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Search engines cut longer ones, and shorter ones say too little.
pub(super) fn lengths(source: &mut Source, title: Option<&At<String>>, description: Option<&At<String>>) {
    for (what, text, from, to) in [("title", title, 15, 60), ("description", description, 70, 160)] {
        let Some(at) = text else { continue };
        let length = at.value.chars().count();
        if !(from..=to).contains(&length) {
            let message = format!("the {what} has {length} characters");
            source.warn(
                at.span.clone(),
                message,
                format!("{from} to {to} are shown whole in lists and search results"),
            );
        }
    }
}

fn later(source: &mut Source, key: &str, later: Option<&At<Date>>, first: Option<&At<Date>>) {
    if let (Some(later), Some(first)) = (later, first)
        && later.value < first.value
    {
        let message = format!("`{key}` lies before `published` ({})", first.value);
        source.error(later.span.clone(), message, "write a later day, or leave the line out");
    }
}

/// Review data stand together or not at all.
fn review(keys: &mut Keys<'_>, source: &mut Source, published: Option<&At<Date>>) -> Option<(At<String>, Review)> {
    let by = keys.take::<String>(source, "reviewed_by");
    let on = keys.date(source, "reviewed");
    let due = keys.date(source, "review_due");
    match (&by, &on) {
        (None, Some(on)) => source.error(
            on.span.clone(),
            "`reviewed` says when, but not by whom",
            "add reviewed_by = \"slug-of-a-person\"",
        ),
        (Some(by), None) => {
            source.error(by.span.clone(), "`reviewed_by` says by whom, but not when", "add reviewed = 2026-11-24");
        }
        (None, None) => {
            if let Some(due) = &due {
                source.error(
                    due.span.clone(),
                    "`review_due` without a review",
                    "add reviewed and reviewed_by, or leave it out",
                );
            }
        }
        (Some(_), Some(_)) => {}
    }
    let (by, on) = (by?, on?);
    later(source, "reviewed", Some(&on), published);
    if let Some(due) = &due
        && due.value <= on.value
    {
        source.error(due.span.clone(), "`review_due` lies before the review", "write a day after `reviewed`");
    }
    let review = Review { by: by.value.clone(), on: on.value, due: due.map(|at| at.value) };
    Some((by, review))
}

fn topics(keys: &mut Keys<'_>, source: &mut Source) -> Vec<At<String>> {
    let topics = strings(keys, source, "topics");
    if topics.is_empty() && !source.faults.iter().any(|fault| fault.message.contains("topics")) {
        source.error(0..3, "`topics` is missing", "add topics = [\"attachment\"], with files of content/topics");
    }
    topics
}

/// A list of texts, each with its place.
pub(super) fn strings(keys: &mut Keys<'_>, source: &mut Source, key: &'static str) -> Vec<At<String>> {
    let list = keys.take::<Vec<Spanned<String>>>(source, key);
    let list = list.map(|at| at.value).unwrap_or_default();
    list.into_iter().map(|text| spanned(text, keys)).collect()
}

fn spanned<T>(value: Spanned<T>, keys: &Keys<'_>) -> At<T> {
    let span = value.span().start + keys.start()..value.span().end + keys.start();
    At { value: value.into_inner(), span }
}

fn takeaways(keys: &mut Keys<'_>, source: &mut Source) -> Vec<Takeaway> {
    let raw = keys.take::<Vec<Spanned<RawTakeaway>>>(source, "takeaways");
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let mut takeaways = Vec::new();
    for takeaway in raw {
        let At { value, span } = spanned(takeaway, keys);
        for (key, text) in [("lead", &value.lead), ("text", &value.text)] {
            if text.trim().is_empty() {
                source.error(
                    span.clone(),
                    format!("this takeaway has no {key}"),
                    "write both: lead = \"A short phrase\" and text = \"One sentence.\"",
                );
            }
        }
        takeaways.push(Takeaway {
            lead: value.lead.trim().trim_end_matches('.').to_owned(),
            text: value.text.trim().to_owned(),
        });
    }
    takeaways
}

/// `image = {src, alt}`: the figure, and where it is named.
pub(super) fn image(keys: &mut Keys<'_>, source: &mut Source) -> Option<(Reference, Figure)> {
    let At { value: raw, span } = keys.take::<RawImage>(source, "image")?;
    let src = spanned(raw.src, keys);
    let alt = raw.alt.map(|alt| spanned(alt, keys));
    let text = alt.as_ref().map(|alt| alt.value.trim()).unwrap_or_default();
    if text.is_empty() {
        let place = alt.as_ref().map_or(span, |alt| alt.span.clone());
        source.error(
            place,
            "this picture has no text alternative",
            "add alt = \"what it shows\" for those who do not see it",
        );
    }
    let figure = Figure { picture: src.value.clone(), alt: text.to_owned(), caption: None };
    Some((Reference { to: src.value, span: src.span }, figure))
}

/// Questions, and what their answers link to and say.
fn questions(keys: &mut Keys<'_>, source: &mut Source, whole: &str) -> (Vec<Question>, markdown::Made) {
    let raw = keys.take::<Vec<Spanned<RawQuestion>>>(source, "questions");
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let mut all = markdown::Made::default();
    let mut questions = Vec::new();
    for (index, question) in raw.into_iter().enumerate() {
        let place = spanned(question, keys);
        let ask = spanned(place.value.ask, keys);
        if !ask.value.trim_end().ends_with('?') {
            source.warn(ask.span.clone(), "this question has no question mark", "end it with ?");
        }
        let answer = place.value.answer.map(|answer| spanned(answer, keys));
        let Some(answer) = answer.filter(|answer| !answer.value.trim().is_empty()) else {
            source.error(ask.span, "this question has no answer", "add answer = \"…\"");
            continue;
        };
        let made = render(source, &answer.value, text_start(whole, &answer.span), Kind::Short);
        all.text.extend([ask.value.trim(), "\n", made.text.trim(), "\n"]);
        all.links.extend(made.links);
        questions.push(Question {
            ask: ask.value.trim().to_owned(),
            id: format!("question-{}", index + 1),
            answer: made.body.into_html(),
        });
    }
    (questions, all)
}

/// Where the text of a TOML string begins: after its quotes, and after the line break that three quotes swallow.
fn text_start(whole: &str, span: &Range<usize>) -> usize {
    let text = &whole[span.clone()];
    let quotes = if text.starts_with("\"\"\"") || text.starts_with("'''") { 3 } else { 1 };
    let rest = &text[quotes.min(text.len())..];
    let swallowed =
        if quotes == 3 { rest.len() - rest.trim_start_matches('\r').trim_start_matches('\n').len() } else { 0 };
    span.start + quotes + swallowed.min(2)
}

fn sources(keys: &mut Keys<'_>, source: &mut Source) -> (Vec<super::Html>, Vec<Reference>) {
    let mut links = Vec::new();
    let mut lines = Vec::new();
    for line in strings(keys, source, "sources") {
        let made = render(source, &line.value, line.span.start + 1, Kind::Line);
        links.extend(made.links);
        lines.push(made.body.into_html());
    }
    (lines, links)
}
