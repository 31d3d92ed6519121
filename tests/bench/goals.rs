//! The goals, printed with their figures at the end. A prototype reached the goals; beyond a floor something is wrong.

use super::figures::Figures;
use std::collections::BTreeMap;

/// A measured quantity with a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    PageBr,
    PageGzip,
    Sheet,
    Unchanged,
    PageBrCrowded,
    PageIdentity,
    PageBrToMinimal,
    PageGzipToMinimal,
    SheetToMinimal,
    UnchangedToMinimal,
    PageIdentityToMinimal,
    SpeedToMinimal,
    ToTypical,
    BuildToHugo,
    StartToHugo,
    CachedStartToHugo,
    Enquiries,
    EnquiryMedian,
    Idle,
    MemoryOfTen,
    MemoryOfThousand,
    Change,
}

/// Which side of a limit is better.
#[derive(Debug, Clone, Copy)]
enum Side {
    AtMost,
    AtLeast,
}

use Side::{AtLeast, AtMost};

/// Goal, description, side, limit, floor.
const TABLE: [(Goal, &str, Side, f64, f64); 22] = [
    (Goal::PageBr, "CPU a request, page br, to nginx", AtMost, 0.85, 0.95),
    (Goal::PageGzip, "CPU a request, page gzip, to nginx", AtMost, 0.85, 0.95),
    (Goal::Sheet, "CPU a request, stylesheet br, to nginx", AtMost, 0.75, 0.90),
    (Goal::Unchanged, "CPU a request, 304, to nginx", AtMost, 0.95, 1.05),
    (Goal::PageBrCrowded, "CPU a request, page br, 512 connections, to nginx", AtMost, 0.95, 1.10),
    (Goal::PageIdentity, "CPU a request, page identity, to nginx (sendfile)", AtMost, 1.1, 1.6),
    (Goal::PageBrToMinimal, "CPU a request, page br, to minimal hyper server", AtMost, 1.10, 1.20),
    (Goal::PageGzipToMinimal, "CPU a request, page gzip, to minimal hyper server", AtMost, 1.10, 1.20),
    (Goal::SheetToMinimal, "CPU a request, stylesheet br, to minimal hyper server", AtMost, 1.10, 1.20),
    (Goal::UnchangedToMinimal, "CPU a request, 304, to minimal hyper server", AtMost, 1.10, 1.20),
    (Goal::PageIdentityToMinimal, "CPU a request, page identity, to minimal hyper server", AtMost, 1.15, 1.20),
    (Goal::SpeedToMinimal, "requests/s, page br, to minimal hyper server", AtLeast, 0.94, 0.90),
    (
        Goal::ToTypical,
        "CPU a request, page br, of a typical server that renders per request, to the program",
        AtLeast,
        120.0,
        80.0,
    ),
    (Goal::BuildToHugo, "CPU of a start from the cache, 1,000 articles, to Hugo's build", AtMost, 0.15, 0.5),
    (Goal::StartToHugo, "CPU of a start without a cache, 1,000 articles, to Hugo's build", AtMost, 0.55, 1.0),
    (Goal::CachedStartToHugo, "time of a start from the cache, 1,000 articles, to Hugo's build", AtMost, 0.25, 0.25),
    (Goal::Enquiries, "enquiries/s stored, 64 clients, to one client's", AtLeast, 12.0, 6.0),
    (
        Goal::EnquiryMedian,
        "median of an enquiry, 1 client, to a sync to disk and a response that stores nothing",
        AtMost,
        2.0,
        2.0,
    ),
    (Goal::Idle, "KiB of an idle connection", AtMost, 14.0, 16.0),
    (Goal::MemoryOfTen, "MiB at rest, 10 articles", AtMost, 11.0, 20.0),
    (Goal::MemoryOfThousand, "MiB at rest, 1,000 articles", AtMost, 50.0, 75.0),
    (Goal::Change, "seconds until one change is served, 1,000 articles", AtMost, 1.0, 1.0),
];

/// The measurements.
#[derive(Debug, Default)]
pub struct Goals(BTreeMap<Goal, Figures>);

impl Goals {
    pub fn record(&mut self, goal: Goal, figures: &Figures) {
        self.0.insert(goal, figures.clone());
    }

    /// Prints every goal with its figure, or that its part was not run.
    pub fn print(&self) {
        println!("\n| goal | limit | figure | |\n| --- | --- | --- | --- |");
        for (goal, description, side, limit, floor) in TABLE {
            let sign = if matches!(side, AtMost) { "≤" } else { "≥" };
            match self.0.get(&goal) {
                Some(figures) => {
                    println!(
                        "| {description} | {sign} {limit} | {figures} | {} |",
                        verdict(side, figures.median(), limit, floor)
                    );
                }
                None => println!("| {description} | {sign} {limit} | | not measured in this run |"),
            }
        }
    }
}

fn verdict(side: Side, figure: f64, limit: f64, floor: f64) -> String {
    let within = |limit: f64| if matches!(side, AtMost) { figure <= limit } else { figure >= limit };
    let off = (figure / limit - 1.0).abs() * 100.0;
    match (within(limit), within(floor)) {
        (true, _) => "met".to_owned(),
        (false, true) => format!("missed by {off:.0} %"),
        (false, false) => format!("missed by {off:.0} %, beyond the floor of {floor}"),
    }
}
