//! Structured data: what a page says, once more for machines (JSON-LD, schema.org).
//!
//! Invariant: one graph for each page, with ids that stay; it is made from the same data as the visible text and says
//! nothing that the page does not show.
//!
//! Never: ratings, hours, prices or services; nobody has stated them.

mod terms;

use super::{Head, House, Kind, heads};
use crate::content;
use serde::Serialize;
use terms::{
    Answer, BlogPosting, BreadcrumbList, Credential, Id, ListItem, MedicalBusiness, PageType, Person, PostalAddress,
    Question, Questions, WebPage, WebSite,
};

/// BCP 47.
const LANGUAGE: &str = "en-US";

/// Everything that a page says.
#[derive(Debug, Serialize)]
pub struct Graph<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    nodes: Vec<Node<'a>>,
}

/// A node; its type is written in it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Node<'a> {
    Site(WebSite<'a>),
    Practice(MedicalBusiness<'a>),
    Page(WebPage<'a>),
    Article(BlogPosting<'a>),
    Questions(Questions<'a>),
    Trail(BreadcrumbList<'a>),
    Person(Person<'a>),
}

impl<'a> House<'a> {
    /// The graph of the page with this head.
    pub(super) fn graph<'h>(&self, head: &'h Head<'a>) -> Graph<'h>
    where
        'a: 'h,
    {
        let mut nodes = vec![Node::Site(self.web_site()), Node::Practice(self.practice())];
        nodes.push(Node::Page(self.web_page(head)));
        if let Some(article) = head.article() {
            nodes.push(Node::Article(self.posting(head, article)));
            nodes.extend(self.questions(head, article).map(Node::Questions));
        }
        if !head.trail.is_empty() {
            nodes.push(Node::Trail(self.trail(head)));
        }
        nodes.extend(self.people(head).into_iter().map(Node::Person));
        Graph { context: "https://schema.org", nodes }
    }

    fn id(&self, path: &str, fragment: &str) -> Id {
        Id { id: format!("{}{path}#{fragment}", self.origin) }
    }

    fn practice_id(&self) -> Id {
        self.id("/", "clinic")
    }

    fn person_id(&self, person: &content::Person) -> Id {
        self.id(&format!("/people/{}", person.slug), "person")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn web_site(&self) -> WebSite<'a> {
        WebSite {
            id: self.id("/", "website"),
            url: self.url("/"),
            name: &self.clinic().name,
            in_language: LANGUAGE,
            publisher: self.practice_id(),
        }
    }

    fn practice(&self) -> MedicalBusiness<'a> {
        let clinic = self.clinic();
        MedicalBusiness {
            id: self.practice_id(),
            name: &clinic.name,
            url: self.url("/"),
            telephone: self.tel(),
            email: &clinic.email,
            address: PostalAddress {
                street_address: &clinic.address.street,
                address_locality: &clinic.address.city,
                address_region: &clinic.address.region_code,
                postal_code: &clinic.address.postal_code,
                address_country: &clinic.address.country,
            },
            image: self.url(self.asset("root/icon-512.png")),
            knows_language: &clinic.facts.languages,
            same_as: &clinic.facts.profiles,
        }
    }

    fn web_page<'h>(&self, head: &'h Head<'a>) -> WebPage<'h> {
        let (kind, about, main_entity) = match head.kind {
            Kind::Home(_) => (PageType::WebPage, Some(self.practice_id()), None),
            Kind::Articles | Kind::Topic(_) => (PageType::CollectionPage, None, None),
            Kind::Article(_) => (PageType::WebPage, None, Some(self.id(&head.path, "article"))),
            Kind::Person(person) => (PageType::ProfilePage, None, Some(self.person_id(person))),
            Kind::Page(page) if is_about_the_clinic(&page.slug) => {
                (PageType::AboutPage, Some(self.practice_id()), None)
            }
            Kind::Contact => (PageType::ContactPage, Some(self.practice_id()), None),
            Kind::Page(_) | Kind::Other => (PageType::WebPage, None, None),
        };
        let review = head.article().and_then(|article| article.review.as_ref());
        let shows_its_change = matches!(head.kind, Kind::Page(_));
        WebPage {
            kind,
            id: self.id(&head.path, "page"),
            url: self.url(&head.path),
            name: &head.title,
            description: &head.description,
            in_language: LANGUAGE,
            is_part_of: self.id("/", "website"),
            about,
            main_entity,
            breadcrumb: (!head.trail.is_empty()).then(|| self.id(&head.path, "trail")),
            date_modified: head.changed(self).filter(|_| shows_its_change).map(|day| self.day_begins(&day)),
            last_reviewed: review.map(|review| review.on.to_string()),
            reviewed_by: review.and_then(|review| self.person(&review.by)).map(|person| self.person_id(person)),
        }
    }

    fn posting<'h>(&self, head: &Head<'a>, article: &'a content::Article) -> BlogPosting<'h>
    where
        'a: 'h,
    {
        let author = article.author.as_deref().and_then(|slug| self.person(slug));
        let picture = article.image.as_ref().map(|image| self.url(self.asset(&image.picture)));
        BlogPosting {
            id: self.id(&head.path, "article"),
            headline: &article.title,
            description: &article.description,
            in_language: LANGUAGE,
            image: picture.into_iter().chain([self.url(&self.card(head).address)]).collect(),
            date_published: self.day_begins(&article.published),
            date_modified: self.day_begins(&article.changed()),
            author: author.map_or_else(|| self.practice_id(), |person| self.person_id(person)),
            publisher: self.practice_id(),
            main_entity_of_page: self.id(&head.path, "page"),
            article_section: article.topics.iter().map(|slug| self.topic_title(slug)).collect(),
        }
    }

    fn questions<'h>(&self, head: &Head<'a>, article: &'a content::Article) -> Option<Questions<'h>>
    where
        'a: 'h,
    {
        let question =
            |q: &'a content::Question| Question { name: &q.ask, accepted_answer: Answer { text: q.answer.as_str() } };
        (!article.questions.is_empty()).then(|| Questions {
            id: self.id(&head.path, "questions"),
            is_part_of: self.id(&head.path, "page"),
            main_entity: article.questions.iter().map(question).collect(),
        })
    }

    fn trail<'h>(&self, head: &'h Head<'a>) -> BreadcrumbList<'h> {
        let above = head.trail.iter().map(|crumb| (crumb.label.as_str(), crumb.path.as_str()));
        let steps = above.chain([(&*head.title, head.path.as_str())]).enumerate();
        let item = |(at, (name, path))| ListItem { position: at + 1, name, item: self.url(path) };
        BreadcrumbList { id: self.id(&head.path, "trail"), item_list_element: steps.map(item).collect() }
    }

    /// The licensee, whom every page names, and whom this page names besides.
    fn people(&self, head: &Head<'a>) -> Vec<Person<'a>> {
        let (mut named, mut people) = (Vec::new(), Vec::new());
        match head.kind {
            Kind::Article(article) => {
                named.extend(article.author.as_deref().and_then(|slug| self.person(slug)));
                named.extend(article.review.as_ref().and_then(|review| self.person(&review.by)));
            }
            Kind::Person(person) => named.push(person),
            _ => {}
        }
        named.dedup_by_key(|person| person.slug.clone());
        let shows_roles = matches!(head.kind, Kind::Person(_));
        people.extend(named.iter().map(|person| self.known(person, shows_roles)));
        if let Some(licensee) = &self.clinic().licensee
            && !named.iter().any(|person| person.name == licensee.name)
        {
            people.push(self.licensee(licensee));
        }
        people
    }

    fn known(&self, person: &'a content::Person, shows_role: bool) -> Person<'a> {
        let licensee = self.clinic().licensee.as_ref().filter(|licensee| licensee.name == person.name);
        Person {
            id: self.person_id(person),
            name: &person.name,
            honorific_suffix: person.credentials.as_deref(),
            job_title: person.role.as_deref().filter(|_| shows_role),
            has_credential: credential(person.licence.as_deref()),
            url: Some(self.url(&heads::person(person).path)),
            works_for: licensee.map(|_| self.practice_id()),
        }
    }

    /// The licensee as the footer names them; the same node as on their own page, if they have one.
    fn licensee(&self, licensee: &'a content::Licensee) -> Person<'a> {
        let page = self.site.people.iter().find(|person| person.name == licensee.name);
        Person {
            id: page.map_or_else(|| self.id("/", "licensee"), |person| self.person_id(person)),
            name: &licensee.name,
            honorific_suffix: licensee.title.as_deref(),
            job_title: None,
            has_credential: credential(licensee.licence.as_deref()),
            url: page.map(|person| self.url(&heads::person(person).path)),
            works_for: Some(self.practice_id()),
        }
    }
}

fn credential(licence: Option<&str>) -> Option<Credential<'_>> {
    licence.map(|name| Credential { credential_category: "license", name })
}

/// Free pages that tell who the clinic is, by their address.
fn is_about_the_clinic(slug: &str) -> bool {
    matches!(slug, "about" | "approach")
}
