//! The terms of schema.org that this site uses, as types: what is unknown is absent.
//!
//! Never: which page says what; that is the graph's business.

use serde::Serialize;

/// A reference to a node of the same graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Id {
    /// Absolute address with a fragment.
    #[serde(rename = "@id")]
    pub id: String,
}

/// The site.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct WebSite<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub url: String,
    pub name: &'a str,
    pub in_language: &'static str,
    pub publisher: Id,
}

/// The practice. Marriage and family therapists stand among the healing arts in California's law (Business and
/// Professions Code, division 2); schema.org has no narrower type that is true of them.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct MedicalBusiness<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub name: &'a str,
    pub url: String,
    /// In the international form.
    pub telephone: String,
    pub email: &'a str,
    pub address: PostalAddress<'a>,
    pub image: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub knows_language: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub same_as: &'a [String],
}

/// Where the practice is.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct PostalAddress<'a> {
    pub street_address: &'a str,
    pub address_locality: &'a str,
    /// Two letters of the state.
    pub address_region: &'a str,
    pub postal_code: &'a str,
    /// Two letters of ISO 3166.
    pub address_country: &'a str,
}

/// A person: no ratings, no promises.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct Person<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_credential: Option<Credential<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Said of the licensee alone: a reviewer may work elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub works_for: Option<Id>,
}

/// A licence.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename = "EducationalOccupationalCredential", rename_all = "camelCase")]
pub struct Credential<'a> {
    pub credential_category: &'static str,
    /// As advertised.
    pub name: &'a str,
}

/// A page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebPage<'a> {
    #[serde(rename = "@type")]
    pub kind: PageType,
    #[serde(flatten)]
    pub id: Id,
    pub url: String,
    pub name: &'a str,
    pub description: &'a str,
    pub in_language: &'static str,
    pub is_part_of: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_entity: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breadcrumb: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_modified: Option<String>,
    /// Day of the last reading of the whole page by a professional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reviewed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<Id>,
}

/// Kinds of pages that schema.org tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(clippy::enum_variant_names, reason = "the words of schema.org")]
pub enum PageType {
    WebPage,
    AboutPage,
    CollectionPage,
    ContactPage,
    ProfilePage,
}

/// An article.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct BlogPosting<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub headline: &'a str,
    pub description: &'a str,
    pub in_language: &'static str,
    pub image: Vec<String>,
    pub date_published: String,
    pub date_modified: String,
    pub author: Id,
    pub publisher: Id,
    pub main_entity_of_page: Id,
    pub article_section: Vec<&'a str>,
}

/// Questions of a page with their answers, word for word as the page shows them.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename = "FAQPage", rename_all = "camelCase")]
pub struct Questions<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub is_part_of: Id,
    pub main_entity: Vec<Question<'a>>,
}

/// A question.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct Question<'a> {
    pub name: &'a str,
    pub accepted_answer: Answer<'a>,
}

/// An answer, as markup.
#[derive(Debug, Serialize)]
#[serde(tag = "@type")]
pub struct Answer<'a> {
    pub text: &'a str,
}

/// The trail above a page, the page itself last.
#[derive(Debug, Serialize)]
#[serde(tag = "@type", rename_all = "camelCase")]
pub struct BreadcrumbList<'a> {
    #[serde(flatten)]
    pub id: Id,
    pub item_list_element: Vec<ListItem<'a>>,
}

/// A step of the trail.
#[derive(Debug, Serialize)]
#[serde(tag = "@type")]
pub struct ListItem<'a> {
    /// From 1.
    pub position: usize,
    pub name: &'a str,
    pub item: String,
}
