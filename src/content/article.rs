//! Reads an article's file: front matter, body, questions and sources, and checks that they agree.

use super::{
    ARTICLE_TEMPLATE_IDS, Html,
    document::{Context, Image, body},
    front_matter::{self, Day},
    markdown::{Kind, render},
    site::{Article, Question, Review, Takeaway},
    source::{DESCRIPTION_LENGTH, SourceFile, Status, TITLE_LENGTH},
};
use jiff::civil::Date;
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Facts {
    title: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    published: Option<Spanned<Day>>,
    updated: Option<Spanned<Day>>,
    expires: Option<Spanned<Day>>,
    author: Option<Spanned<String>>,
    reviewed_by: Option<Spanned<String>>,
    reviewed: Option<Spanned<Day>>,
    review_due: Option<Spanned<Day>>,
    topics: Option<Spanned<Vec<Spanned<String>>>>,
    image: Option<Spanned<Image>>,
    takeaways: Vec<Spanned<Takeaway>>,
    questions: Vec<RawQuestion>,
    sources: Vec<Spanned<String>>,
    sensitive: bool,
    draft: bool,
    retired: bool,
    aliases: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    ask: Spanned<String>,
    answer: Option<Spanned<String>>,
}

/// Reads an article; `None` if it is not public today, or after a fault that leaves none.
pub(super) fn article(source: &mut SourceFile, context: &Context) -> Option<Article> {
    context.lint.check(source);
    let (mut facts, start): (Facts, usize) = front_matter::read(source)?;
    let title = source.required_text("title", facts.title.take(), TITLE_LENGTH);
    let description = source.required_text("description", facts.description.take(), DESCRIPTION_LENGTH);
    check_days(source, &facts, context.today);
    check_names(source, &facts, context);
    source.status = facts.status(context.today);
    source.changes_on = facts.changes_on(source.status);
    source.ids.extend(ARTICLE_TEMPLATE_IDS.split(' ').map(str::to_owned));
    source.ids.extend((1..=facts.questions.len()).map(question_id));
    let mut rendered = body(source, start, Kind::Article);
    let sources = sources(source, facts.sources);
    let questions = questions(source, facts.questions, &mut rendered.text);
    // Their headings are in the page only if there are some.
    source.ids.retain(|id| (id != "questions" || !questions.is_empty()) && (id != "sources" || !sources.is_empty()));
    let takeaways: Vec<Takeaway> = facts.takeaways.into_iter().map(|raw| takeaway(source, raw)).collect();
    let image = facts.image.map(|image| Image::figure(image, source));
    source.title = title.clone()?;
    source.aliases = facts.aliases;
    let is_public = source.status == Status::Public;
    let article = Article {
        slug: source.slug.clone(),
        title: title?,
        description: description?,
        published: day(facts.published)?,
        updated: day(facts.updated),
        author: facts.author.map(Spanned::into_inner),
        review: review(facts.reviewed_by, facts.reviewed, facts.review_due),
        topics: facts.topics?.into_inner().into_iter().map(Spanned::into_inner).collect(),
        lead: rendered.lead,
        body: rendered.body,
        headings: rendered.headings,
        questions,
        sources,
        sensitive: facts.sensitive,
        expires: day(facts.expires),
        words: words(&rendered.text) + takeaways.iter().map(|t| words(&t.lead) + words(&t.text)).sum::<usize>(),
        text: rendered.text.into(),
        takeaways,
        image,
        related: Vec::new(),
    };
    is_public.then_some(article)
}

impl Facts {
    fn status(&self, today: Date) -> Status {
        let published = self.published.as_ref().map(|day| day.get_ref().0);
        let is_expired = self.expires.as_ref().is_some_and(|last| last.get_ref().0 < today);
        match published.filter(|day| *day > today) {
            _ if self.retired || is_expired => Status::Gone,
            _ if self.draft => Status::Draft,
            Some(day) => Status::Scheduled(day),
            None => Status::Public,
        }
    }

    /// The day on which the status changes by itself.
    fn changes_on(&self, status: Status) -> Option<Date> {
        match status {
            Status::Public => self.expires.as_ref().and_then(|last| last.get_ref().0.tomorrow().ok()),
            Status::Scheduled(day) => Some(day),
            Status::Gone | Status::Draft => None,
        }
    }
}

fn day(day: Option<Spanned<Day>>) -> Option<Date> {
    day.map(|day| day.into_inner().0)
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Faults of dates that are out of order, and of an incomplete review.
fn check_days(source: &mut SourceFile, facts: &Facts, today: Date) {
    source.required("published", facts.published.as_ref(), "2026-11-24");
    if let Some(published) = facts.published.as_ref().map(|day| day.get_ref().0) {
        let later = [("updated", &facts.updated), ("expires", &facts.expires), ("reviewed", &facts.reviewed)];
        for (key, day) in later.into_iter().filter_map(|(key, day)| Some((key, day.as_ref()?))) {
            if day.get_ref().0 < published {
                let message = format!("`{key}` is before `published` ({published})");
                source.error(day.span(), message, "write a later day, or remove the line");
            }
        }
    }
    match (&facts.reviewed_by, &facts.reviewed, &facts.review_due) {
        (None, Some(on), _) => {
            let remedy = "add reviewed_by = \"slug-of-a-person\"";
            source.error(on.span(), "`reviewed` has no reviewer", remedy);
        }
        (Some(by), None, _) => {
            source.error(by.span(), "`reviewed_by` has no date", "add reviewed = 2026-11-24");
        }
        (None, None, Some(due)) => {
            let remedy = "add reviewed and reviewed_by, or remove it";
            source.error(due.span(), "`review_due` without a review", remedy);
        }
        (Some(_), Some(on), Some(due)) if due.get_ref().0 <= on.get_ref().0 => {
            source.error(due.span(), "`review_due` is not after the review", "write a day after `reviewed`");
        }
        (Some(_), Some(_), Some(due)) if due.get_ref().0 < today => {
            source.warn(due.span(), "this article is due for review", "review the whole article, then write new dates");
        }
        _ => {}
    }
}

/// Faults of people and topics that have no file.
fn check_names(source: &mut SourceFile, facts: &Facts, context: &Context) {
    let topics = source.required("topics", facts.topics.as_ref(), "[\"attachment\"]");
    if let Some(topics) = topics.filter(|topics| topics.get_ref().is_empty()) {
        source.error(topics.span(), "`topics` is empty", "write at least one: [\"attachment\"]");
    }
    let people = facts.author.iter().chain(&facts.reviewed_by).map(|name| (name, "person", "people", &context.people));
    let topics = topics.into_iter().flat_map(Spanned::get_ref).map(|name| (name, "topic", "topics", &context.topics));
    for (name, kind, folder, known) in people.chain(topics) {
        let (slug, span) = (name.get_ref(), name.span());
        if !known.contains(slug) {
            let remedy = format!("write content/{folder}/{slug}.md, or use one of: {}", known.join(", "));
            source.error(span, format!("there is no {kind} `{slug}`"), remedy);
        }
    }
}

fn review(by: Option<Spanned<String>>, on: Option<Spanned<Day>>, due: Option<Spanned<Day>>) -> Option<Review> {
    Some(Review { by: by?.into_inner(), on: day(on)?, due: day(due) })
}

fn takeaway(source: &mut SourceFile, raw: Spanned<Takeaway>) -> Takeaway {
    let span = raw.span();
    let Takeaway { lead, text } = raw.into_inner();
    for (key, value) in [("lead", &lead), ("text", &text)] {
        if value.trim().is_empty() {
            let remedy = "write both: lead = \"A short phrase\" and text = \"One sentence.\"";
            source.error(span.clone(), format!("this takeaway has no {key}"), remedy);
        }
    }
    Takeaway { lead: lead.trim().trim_end_matches('.').to_owned(), text: text.trim().to_owned() }
}

/// Questions; the plain text of their answers is added to that of the body.
fn questions(source: &mut SourceFile, raw: Vec<RawQuestion>, text: &mut String) -> Vec<Question> {
    let mut questions = Vec::new();
    for (index, RawQuestion { ask, answer }) in raw.into_iter().enumerate() {
        if !ask.get_ref().trim_end().ends_with('?') {
            source.warn(ask.span(), "this question has no question mark", "end it with ?");
        }
        let Some(answer) = answer.filter(|answer| !answer.get_ref().trim().is_empty()) else {
            source.error(ask.span(), "this question has no answer", "add answer = \"…\"");
            continue;
        };
        let start = start_of_text(&source.text, answer.span());
        let answer = render(source, answer.get_ref(), start, Kind::Short);
        let ask = ask.get_ref().trim();
        text.extend([ask, "\n", answer.text.trim(), "\n"]);
        let id = question_id(index + 1);
        questions.push(Question { ask: ask.to_owned(), id, answer: answer.body.into_html() });
    }
    questions
}

fn question_id(number: usize) -> String {
    format!("question-{number}")
}

/// Byte offset of the text of a TOML string: after its quotes, and after the line break that three quotes drop.
fn start_of_text(whole: &str, span: Range<usize>) -> usize {
    let text = &whole[span.clone()];
    let Some(rest) = text.strip_prefix("\"\"\"").or_else(|| text.strip_prefix("'''")) else { return span.start + 1 };
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    span.end - rest.strip_prefix('\n').unwrap_or(rest).len()
}

fn sources(source: &mut SourceFile, lines: Vec<Spanned<String>>) -> Vec<Html> {
    let mut render = |line: Spanned<String>| render(source, line.get_ref(), line.span().start + 1, Kind::Line);
    lines.into_iter().map(|line| render(line).body.into_html()).collect()
}
