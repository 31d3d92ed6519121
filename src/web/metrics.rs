//! Metrics for a monitor: form, letters, content and listener.
//!
//! Invariant: a metric is a count, a time, or yes (1) or no (0), of the whole program, never of one visitor. What is
//! unknown is left out: a 0 in its place would mean that nothing is wrong.
//!
//! Never: a database query of its own; what `/health/form` reads is enough.

use crate::{enquiry::Action, mail::health::Health};
use jiff::Timestamp;
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};

/// OpenMetrics 1.0.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Counts the enquiries that were stored since the start, by action. Clones share their counts.
#[derive(Debug, Clone)]
pub(super) struct StoredEnquiries(Family<[(&'static str, &'static str); 1], Counter>);

impl Default for StoredEnquiries {
    /// All at 0: a counter that first appeared with the value 1 would hide that increase from a monitor.
    fn default() -> Self {
        let stored = Self(Family::default());
        for action in [Action::Deliver, Action::Label, Action::Hold] {
            drop(stored.0.get_or_create(&label(action)));
        }
        stored
    }
}

impl StoredEnquiries {
    /// Counts one stored enquiry.
    pub fn count(&self, action: Action) {
        self.0.get_or_create(&label(action)).inc();
    }
}

fn label(action: Action) -> [(&'static str, &'static str); 1] {
    let name = match action {
        Action::Deliver => "deliver",
        Action::Label => "label",
        Action::Hold => "hold",
    };
    [("action", name)]
}

/// All metrics of one moment.
#[derive(Debug)]
pub(super) struct Metrics {
    pub now: Timestamp,
    pub started: Timestamp,
    pub health: Health,
    pub stored: StoredEnquiries,
    /// The last change of the content cannot be served.
    pub content_faulty: bool,
    pub pages: usize,
    pub connections: usize,
}

impl Metrics {
    /// The metrics as [`CONTENT_TYPE`].
    pub fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry()).expect("writing to a string never fails");
        text
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        let started = ConstGauge::new(self.started.as_second());
        registry.register_with_unit("process_start_time", "When the program started", Unit::Seconds, started);
        let clinic = registry.sub_registry_with_prefix("clinic");
        clinic.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        clinic.register("enquiries_stored", "Enquiries stored since the start", self.stored.0.clone());
        if let Ok(letters) = &self.health.letters {
            let age = letters.oldest.map_or(0, |oldest| self.now.duration_since(oldest).as_secs().max(0));
            let help = "How long the oldest letter in the queue has waited, 0 if none waits";
            clinic.register_with_unit("oldest_letter_age", help, Unit::Seconds, ConstGauge::new(age));
        }
        for (name, help, value) in self.gauges() {
            clinic.register(name, help, ConstGauge::new(value));
        }
        registry
    }

    /// Name, help and value of each gauge without a unit.
    fn gauges(&self) -> Vec<(&'static str, &'static str, u64)> {
        let can_store = u64::from(self.health.write.is_ok());
        let faulty = u64::from(self.content_faulty);
        let mut gauges = vec![
            ("form_can_store_enquiries", "1 if an enquiry can be stored", can_store),
            ("content_faulty", "1 if a fault keeps the last change of the content from being served", faulty),
            ("pages", "Pages that are served", self.pages as u64),
            ("connections_open", "Open connections of the site", self.connections as u64),
        ];
        if let Ok(letters) = &self.health.letters {
            let held = "Held enquiries that staff should release or mark as advertising";
            gauges.extend([
                ("letters_waiting", "Letters to staff in the queue", letters.waiting),
                ("letters_failed", "Failed letters whose enquiry is not marked as answered", letters.failed),
                ("enquiries_held", held, letters.held),
            ]);
        }
        gauges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{health::LetterCounts, outbox::Unavailable};

    fn metrics() -> Metrics {
        let at = |second| Timestamp::from_second(second).unwrap();
        let letters = LetterCounts {
            waiting: 3,
            late: 1,
            oldest: Some(at(1_000)),
            failed: 2,
            held: 4,
            ..LetterCounts::default()
        };
        let stored = StoredEnquiries::default();
        stored.count(Action::Hold);
        Metrics {
            now: at(5_000),
            started: at(900),
            health: Health { write: Ok(()), letters: Ok(letters) },
            stored,
            content_faulty: true,
            pages: 20,
            connections: 5,
        }
    }

    #[test]
    fn each_metric_is_written() {
        let version = concat!("clinic_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
        let text = metrics().text();
        for line in [
            "process_start_time_seconds 900",
            version,
            "clinic_letters_waiting 3",
            "clinic_letters_failed 2",
            "clinic_enquiries_held 4",
            "clinic_oldest_letter_age_seconds 4000",
            "clinic_form_can_store_enquiries 1",
            "clinic_enquiries_stored_total{action=\"deliver\"} 0",
            "clinic_enquiries_stored_total{action=\"label\"} 0",
            "clinic_enquiries_stored_total{action=\"hold\"} 1",
            "clinic_content_faulty 1",
            "clinic_pages 20",
            "clinic_connections_open 5",
        ] {
            assert!(text.lines().any(|other| other == line), "`{line}` is missing in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn an_unknown_metric_is_left_out() {
        let mut metrics = metrics();
        let down = || Unavailable("the disk is full".into());
        metrics.health = Health { write: Err(down()), letters: Err(down()) };
        let text = metrics.text();
        assert!(text.contains("clinic_form_can_store_enquiries 0") && !text.contains("letter"), "{text}");
        assert!(!text.contains("disk"), "{text}");
    }

    #[test]
    fn the_age_of_a_letter_is_never_negative() {
        let mut metrics = metrics();
        metrics.now = Timestamp::from_second(999).unwrap();
        assert!(metrics.text().contains("clinic_oldest_letter_age_seconds 0\n"));
        metrics.health.letters = Ok(LetterCounts::default());
        assert!(metrics.text().contains("clinic_oldest_letter_age_seconds 0\n"));
    }
}
