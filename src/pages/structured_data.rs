//! Structured data (JSON-LD, schema.org): what a page says, for machines.
//!
//! Invariant: one graph for each page, with ids that stay the same; it is made from the same data as the visible text and
//! says nothing that the page does not show. Unknown facts are absent.
//!
//! Never: ratings, hours, prices or services, since the clinic has not stated them.

use super::{Head, House, Kind};
use crate::content::{Article, Licensee, Person};
use serde_json::{Value, json};

/// BCP 47.
const LANGUAGE: &str = "en-US";

impl House<'_> {
    /// The graph of the page with this head.
    pub(super) fn structured_data(&self, head: &Head<'_>) -> Value {
        let mut nodes = vec![self.web_site(), self.practice(), self.web_page(head)];
        if let Kind::Article(article) = head.kind {
            nodes.push(self.blog_posting(head, article));
            if !article.questions.is_empty() {
                nodes.push(self.faq_page(head, article));
            }
        }
        nodes.extend(head.parent().map(|parent| self.breadcrumbs(&[&parent, head])));
        nodes.extend(self.people(head));
        for fields in nodes.iter_mut().filter_map(Value::as_object_mut) {
            fields.retain(|_, value| !value.is_null());
        }
        json!({ "@context": "https://schema.org", "@graph": nodes })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn id(&self, path: &str, fragment: &str) -> String {
        format!("{}{path}#{fragment}", self.origin)
    }

    /// A reference to another node.
    fn reference(&self, path: &str, fragment: &str) -> Value {
        json!({ "@id": self.id(path, fragment) })
    }

    fn practice_reference(&self) -> Value {
        self.reference("/", "clinic")
    }

    fn person_reference(&self, slug: &str) -> Value {
        self.reference(&format!("/people/{slug}"), "person")
    }

    fn web_site(&self) -> Value {
        json!({
            "@type": "WebSite",
            "@id": self.id("/", "website"),
            "url": self.url("/"),
            "name": self.clinic().name,
            "inLanguage": LANGUAGE,
            "publisher": self.practice_reference(),
        })
    }

    /// Marriage and family therapists belong to the healing arts in California law (Business and Professions Code,
    /// division 2); schema.org has no narrower type that is true of them.
    fn practice(&self) -> Value {
        let clinic = self.clinic();
        let known = |list: &[String]| if list.is_empty() { Value::Null } else { json!(list) };
        json!({
            "@type": "MedicalBusiness",
            "@id": self.id("/", "clinic"),
            "name": clinic.name,
            "url": self.url("/"),
            "telephone": self.tel(),
            "email": clinic.email,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": clinic.address.street,
                "addressLocality": clinic.address.city,
                "addressRegion": clinic.address.region_code,
                "postalCode": clinic.address.postal_code,
                "addressCountry": clinic.address.country,
            },
            "image": self.url(self.asset("root/icon-512.png")),
            "knowsLanguage": known(&clinic.facts.languages),
            "sameAs": known(&clinic.facts.profiles),
        })
    }

    fn web_page(&self, head: &Head<'_>) -> Value {
        let none = || (Value::Null, Value::Null);
        let about_clinic = || (self.practice_reference(), Value::Null);
        let (page_type, (about, main_entity)) = match head.kind {
            Kind::Home(_) => ("WebPage", about_clinic()),
            Kind::Articles | Kind::Topic(_) => ("CollectionPage", none()),
            Kind::Article(_) => ("WebPage", (Value::Null, self.reference(&head.path, "article"))),
            Kind::Person(person) => ("ProfilePage", (Value::Null, self.person_reference(&person.slug))),
            Kind::Page(page) if matches!(&*page.slug, "about" | "approach") => ("AboutPage", about_clinic()),
            Kind::Contact => ("ContactPage", about_clinic()),
            Kind::Page(_) | Kind::Other => ("WebPage", none()),
        };
        let review = head.article().and_then(|article| article.review.as_ref());
        let reviewer = review.and_then(|review| self.person(&review.by));
        let modified = if let Kind::Page(page) = head.kind { page.updated } else { None };
        json!({
            "@type": page_type,
            "@id": self.id(&head.path, "page"),
            "url": self.url(&head.path),
            "name": head.title,
            "description": head.description,
            "inLanguage": LANGUAGE,
            "isPartOf": self.reference("/", "website"),
            "about": about,
            "mainEntity": main_entity,
            "breadcrumb": head.parent().map(|_| self.reference(&head.path, "trail")),
            "dateModified": modified.map(|day| self.day_begins(&day)),
            "lastReviewed": review.map(|review| review.on.to_string()),
            "reviewedBy": reviewer.map(|person| self.person_reference(&person.slug)),
        })
    }

    fn blog_posting(&self, head: &Head<'_>, article: &Article) -> Value {
        let author = self.author(article);
        let picture = article.image.as_ref().map(|image| self.url(self.asset(&image.picture)));
        json!({
            "@type": "BlogPosting",
            "@id": self.id(&head.path, "article"),
            "headline": article.title,
            "description": article.description,
            "inLanguage": LANGUAGE,
            "image": picture.into_iter().chain([self.url(&self.card(head).address)]).collect::<Vec<_>>(),
            "datePublished": self.day_begins(&article.published),
            "dateModified": self.day_begins(&article.changed()),
            "author": author.map_or_else(|| self.practice_reference(), |person| self.person_reference(&person.slug)),
            "publisher": self.practice_reference(),
            "mainEntityOfPage": self.reference(&head.path, "page"),
            "articleSection": article.topics.iter().map(|slug| self.topic_title(slug)).collect::<Vec<_>>(),
        })
    }

    fn faq_page(&self, head: &Head<'_>, article: &Article) -> Value {
        let questions = article.questions.iter().map(|question| {
            let answer = json!({ "@type": "Answer", "text": question.answer.as_str() });
            json!({ "@type": "Question", "name": question.ask, "acceptedAnswer": answer })
        });
        json!({
            "@type": "FAQPage",
            "@id": self.id(&head.path, "questions"),
            "isPartOf": self.reference(&head.path, "page"),
            "mainEntity": questions.collect::<Vec<_>>(),
        })
    }

    /// From the top, the page itself last.
    fn breadcrumbs(&self, trail: &[&Head<'_>; 2]) -> Value {
        let items = trail.iter().enumerate().map(|(index, head)| {
            json!({ "@type": "ListItem", "position": index + 1, "name": head.title, "item": self.url(&head.path) })
        });
        json!({
            "@type": "BreadcrumbList",
            "@id": self.id(&trail[1].path, "trail"),
            "itemListElement": items.collect::<Vec<_>>(),
        })
    }

    /// The people that this page names, and the licensee, who is named in the footer of every page.
    fn people(&self, head: &Head<'_>) -> Vec<Value> {
        let mut named: Vec<&Person> = match head.kind {
            Kind::Article(article) => {
                let slugs = article.author.iter().chain(article.review.as_ref().map(|review| &review.by));
                slugs.filter_map(|slug| self.person(slug)).collect()
            }
            Kind::Person(person) => vec![person],
            _ => Vec::new(),
        };
        named.dedup_by_key(|person| &person.slug);
        let shows_role = matches!(head.kind, Kind::Person(_));
        let mut nodes: Vec<Value> = named.iter().map(|person| self.person_node(person, shows_role)).collect();
        let licensee = self.clinic().licensee.as_ref();
        nodes.extend(licensee.filter(|l| named.iter().all(|p| p.name != l.name)).map(|l| self.licensee_node(l)));
        nodes
    }

    /// `worksFor` is stated of the licensee alone: a reviewer may work elsewhere.
    fn person_node(&self, person: &Person, shows_role: bool) -> Value {
        let is_licensee = self.clinic().licensee.as_ref().is_some_and(|licensee| licensee.name == person.name);
        let path = format!("/people/{}", person.slug);
        json!({
            "@type": "Person",
            "@id": self.id(&path, "person"),
            "name": person.name,
            "honorificSuffix": person.credentials,
            "jobTitle": person.role.as_ref().filter(|_| shows_role),
            "hasCredential": credential(person.licence.as_deref()),
            "url": self.url(&path),
            "worksFor": is_licensee.then(|| self.practice_reference()),
        })
    }

    /// The licensee as shown in the footer; the same id as on their own page, if they have one.
    fn licensee_node(&self, licensee: &Licensee) -> Value {
        let page = self.site.people.iter().find(|person| person.name == licensee.name);
        let path = page.map(|person| format!("/people/{}", person.slug));
        json!({
            "@type": "Person",
            "@id": path.as_ref().map_or_else(|| self.id("/", "licensee"), |path| self.id(path, "person")),
            "name": licensee.name,
            "honorificSuffix": licensee.title,
            "hasCredential": credential(licensee.licence.as_deref()),
            "url": path.as_ref().map(|path| self.url(path)),
            "worksFor": self.practice_reference(),
        })
    }
}

fn credential(licence: Option<&str>) -> Option<Value> {
    let node =
        |name| json!({ "@type": "EducationalOccupationalCredential", "credentialCategory": "license", "name": name });
    licence.map(node)
}
