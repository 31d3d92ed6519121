//! The goals, each with its figure at the end. A goal was reached by a prototype; at the floor something is wrong.

use super::figures::Figures;
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    PageBr,
    PageGzip,
    Sheet,
    Unchanged,
    PageBrCrowded,
    PageIdentity,
    PageBrToBare,
    PageGzipToBare,
    SheetToBare,
    UnchangedToBare,
    PageIdentityToBare,
    SpeedToBare,
    ToUsual,
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

/// The better side of a limit.
#[derive(Debug, Clone, Copy)]
enum Side {
    AtMost,
    AtLeast,
}

use Side::{AtLeast, AtMost};

/// Goal, words, side, goal, floor.
const TABLE: [(Goal, &str, Side, f64, f64); 22] = [
    (Goal::PageBr, "CPU a request, page br, to nginx", AtMost, 0.85, 0.95),
    (Goal::PageGzip, "CPU a request, page gzip, to nginx", AtMost, 0.85, 0.95),
    (Goal::Sheet, "CPU a request, stylesheet br, to nginx", AtMost, 0.75, 0.90),
    (Goal::Unchanged, "CPU a request, 304, to nginx", AtMost, 0.95, 1.05),
    (Goal::PageBrCrowded, "CPU a request, page br, 512 connections, to nginx", AtMost, 0.95, 1.10),
    (Goal::PageIdentity, "CPU a request, page identity, to nginx (sendfile)", AtMost, 1.1, 1.6),
    (Goal::PageBrToBare, "CPU a request, page br, to bare hyper", AtMost, 1.10, 1.20),
    (Goal::PageGzipToBare, "CPU a request, page gzip, to bare hyper", AtMost, 1.10, 1.20),
    (Goal::SheetToBare, "CPU a request, stylesheet br, to bare hyper", AtMost, 1.10, 1.20),
    (Goal::UnchangedToBare, "CPU a request, 304, to bare hyper", AtMost, 1.10, 1.20),
    (Goal::PageIdentityToBare, "CPU a request, page identity, to bare hyper", AtMost, 1.15, 1.20),
    (Goal::SpeedToBare, "requests/s, page br, to bare hyper", AtLeast, 0.94, 0.90),
    (
        Goal::ToUsual,
        "CPU a request, page br, of a site that renders for each reader, to the program",
        AtLeast,
        120.0,
        80.0,
    ),
    (Goal::BuildToHugo, "CPU of a start from the cache, 1,000 articles, to Hugo's build", AtMost, 0.15, 0.5),
    (Goal::StartToHugo, "CPU of a start without a cache, 1,000 articles, to Hugo's build", AtMost, 0.55, 1.0),
    (Goal::CachedStartToHugo, "time of a start from the cache, 1,000 articles, to Hugo's build", AtMost, 0.25, 0.25),
    (Goal::Enquiries, "enquiries/s kept, 64 clients, to one client's", AtLeast, 12.0, 6.0),
    (
        Goal::EnquiryMedian,
        "median of an enquiry, 1 client, to a sync to disk and an answer that keeps nothing",
        AtMost,
        2.0,
        2.0,
    ),
    (Goal::Idle, "KiB of an idle connection", AtMost, 14.0, 16.0),
    (Goal::MemoryOfTen, "MiB at rest, 10 articles", AtMost, 11.0, 20.0),
    (Goal::MemoryOfThousand, "MiB at rest, 1,000 articles", AtMost, 50.0, 75.0),
    (Goal::Change, "seconds until one change shows, 1,000 articles", AtMost, 1.0, 1.0),
];

/// What was measured.
#[derive(Debug, Default)]
pub struct Goals(BTreeMap<Goal, Figures>);

impl Goals {
    pub fn note(&mut self, goal: Goal, figures: &Figures) {
        self.0.insert(goal, figures.clone());
    }

    /// Every goal beside its figure; a goal whose part was not run says so.
    pub fn print(&self) {
        println!("\n| goal | limit | figure | |\n| --- | --- | --- | --- |");
        for (goal, words, side, limit, floor) in TABLE {
            let sign = if matches!(side, AtMost) { "≤" } else { "≥" };
            match self.0.get(&goal) {
                Some(figures) => {
                    println!(
                        "| {words} | {sign} {limit} | {figures} | {} |",
                        verdict(side, figures.median(), limit, floor)
                    );
                }
                None => println!("| {words} | {sign} {limit} | | not measured in this run |"),
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
