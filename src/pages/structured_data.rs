//! Structured data (JSON-LD, schema.org): the facts of a page in machine-readable form.
//!
//! Invariant: one graph for each page, with ids that stay the same; it is made from the same data as the visible text
//! and contains nothing that the page does not show. Unknown facts are absent.
//!
//! Never: ratings, hours, prices or services, since the clinic has not stated them.

use super::{Edition, PageKind, PageMeta};
use crate::content::{Article, Person};
use serde_json::{Value, json};

/// BCP 47.
const LANGUAGE: &str = "en-US";

impl Edition {
    /// The graph of the page with this meta.
    pub(super) fn structured_data(&self, meta: &PageMeta<'_>) -> Value {
        let mut nodes = vec![self.web_site(), self.practice(), self.web_page(meta)];
        if let PageKind::Article(article) = meta.kind {
            nodes.push(self.blog_posting(meta, article));
            if !article.questions.is_empty() {
                nodes.push(self.faq_page(meta, article));
            }
        }
        nodes.extend(meta.parent().map(|parent| self.breadcrumbs(&[&parent, meta])));
        nodes.extend(self.people(meta));
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
            "name": self.site.clinic.name,
            "inLanguage": LANGUAGE,
            "publisher": self.practice_reference(),
        })
    }

    /// Marriage and family therapists belong to the healing arts in California law (Business and Professions Code,
    /// division 2); schema.org has no narrower type that is true of them.
    fn practice(&self) -> Value {
        let clinic = &self.site.clinic;
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

    fn web_page(&self, meta: &PageMeta<'_>) -> Value {
        let none = || (Value::Null, Value::Null);
        let about_clinic = || (self.practice_reference(), Value::Null);
        let (page_type, (about, main_entity)) = match meta.kind {
            PageKind::Home(_) => ("WebPage", about_clinic()),
            PageKind::Articles | PageKind::Topic(_) => ("CollectionPage", none()),
            PageKind::Article(_) => ("WebPage", (Value::Null, self.reference(&meta.path, "article"))),
            PageKind::Person(person) => ("ProfilePage", (Value::Null, self.person_reference(&person.slug))),
            PageKind::Page(page) if matches!(&*page.slug, "about" | "approach") => ("AboutPage", about_clinic()),
            PageKind::Contact => ("ContactPage", about_clinic()),
            PageKind::Page(_) | PageKind::Other => ("WebPage", none()),
        };
        let review = meta.article().and_then(|article| article.review.as_ref());
        let reviewer = review.and_then(|review| self.person(&review.by));
        let modified = if let PageKind::Page(page) = meta.kind { page.updated } else { None };
        json!({
            "@type": page_type,
            "@id": self.id(&meta.path, "page"),
            "url": self.url(&meta.path),
            "name": meta.title,
            "description": meta.description,
            "inLanguage": LANGUAGE,
            "isPartOf": self.reference("/", "website"),
            "about": about,
            "mainEntity": main_entity,
            "breadcrumb": meta.parent().map(|_| self.reference(&meta.path, "trail")),
            "dateModified": modified.map(|day| self.day_begins(&day)),
            "lastReviewed": review.map(|review| review.on.to_string()),
            "reviewedBy": reviewer.map(|person| self.person_reference(&person.slug)),
        })
    }

    fn blog_posting(&self, meta: &PageMeta<'_>, article: &Article) -> Value {
        let author = self.author(article);
        let picture = article.image.as_ref().map(|image| self.url(self.asset(&image.picture)));
        json!({
            "@type": "BlogPosting",
            "@id": self.id(&meta.path, "article"),
            "headline": article.title,
            "description": article.description,
            "inLanguage": LANGUAGE,
            "image": picture.into_iter().chain([self.url(&self.card_of(meta).address)]).collect::<Vec<_>>(),
            "datePublished": self.day_begins(&article.published),
            "dateModified": self.day_begins(&article.changed()),
            "author": author.map_or_else(|| self.practice_reference(), |person| self.person_reference(&person.slug)),
            "publisher": self.practice_reference(),
            "mainEntityOfPage": self.reference(&meta.path, "page"),
            "articleSection": article.topics.iter().map(|slug| self.topic_title(slug)).collect::<Vec<_>>(),
        })
    }

    fn faq_page(&self, meta: &PageMeta<'_>, article: &Article) -> Value {
        let questions = article.questions.iter().map(|question| {
            let answer = json!({ "@type": "Answer", "text": question.answer.as_str() });
            json!({ "@type": "Question", "name": question.ask, "acceptedAnswer": answer })
        });
        json!({
            "@type": "FAQPage",
            "@id": self.id(&meta.path, "questions"),
            "isPartOf": self.reference(&meta.path, "page"),
            "mainEntity": questions.collect::<Vec<_>>(),
        })
    }

    /// From the top, the page itself last.
    fn breadcrumbs(&self, trail: &[&PageMeta<'_>; 2]) -> Value {
        let items = trail.iter().enumerate().map(|(index, meta)| {
            json!({ "@type": "ListItem", "position": index + 1, "name": meta.title, "item": self.url(&meta.path) })
        });
        json!({
            "@type": "BreadcrumbList",
            "@id": self.id(&trail[1].path, "trail"),
            "itemListElement": items.collect::<Vec<_>>(),
        })
    }

    /// The people that this page names, and the licensee, who is named in the footer of every page.
    fn people(&self, meta: &PageMeta<'_>) -> Vec<Value> {
        let mut named: Vec<&Person> = match meta.kind {
            PageKind::Article(article) => {
                let slugs = article.author.iter().chain(article.review.as_ref().map(|review| &review.by));
                slugs.filter_map(|slug| self.person(slug)).collect()
            }
            PageKind::Person(person) => vec![person],
            _ => Vec::new(),
        };
        named.dedup_by_key(|person| &person.slug);
        let node =
            |person: &&Person| self.person_node(&person.name, person.credentials.as_deref(), person.license.as_deref());
        let mut nodes: Vec<Value> = named.iter().map(node).collect();
        if let PageKind::Person(person) = meta.kind {
            nodes[0]["jobTitle"] = json!(person.role);
        }
        let licensee = self.site.clinic.licensee.as_ref();
        let licensee = licensee.filter(|licensee| named.iter().all(|person| person.name != licensee.name));
        nodes.extend(licensee.map(|l| self.person_node(&l.name, l.title.as_deref(), l.license.as_deref())));
        nodes
    }

    /// A person, with the id of their own page if they have one. `worksFor` is stated of the licensee alone: a reviewer
    /// may work elsewhere.
    fn person_node(&self, name: &str, title: Option<&str>, license: Option<&str>) -> Value {
        let page = self.site.people.iter().find(|person| person.name == name);
        let path = page.map(|person| format!("/people/{}", person.slug));
        let is_licensee = self.site.clinic.licensee.as_ref().is_some_and(|licensee| licensee.name == name);
        json!({
            "@type": "Person",
            "@id": path.as_ref().map_or_else(|| self.id("/", "licensee"), |path| self.id(path, "person")),
            "name": name,
            "honorificSuffix": title,
            "hasCredential": license.map(|license| {
                json!({
                    "@type": "EducationalOccupationalCredential",
                    "credentialCategory": "license",
                    "name": license,
                })
            }),
            "url": path.as_ref().map(|path| self.url(path)),
            "worksFor": is_licensee.then(|| self.practice_reference()),
        })
    }
}
