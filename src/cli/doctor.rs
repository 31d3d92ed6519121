//! `doctor`: what the mail's doctor found, as lines for people or JSON for programs; in short, at the start of `serve`.

use super::{count, now, serve, words};
use crate::{
    config::Config,
    mail::doctor::{self, Finding, Grade, probe},
};
use serde::Serialize;
use std::{fmt::Write as _, process::ExitCode};
use tokio::runtime::Runtime;

/// What somebody wants to know.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Send a letter to try the whole way, to ADDRESS or to the staff addresses
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "no probe, a probe to staff, a probe to somebody")]
    probe: Option<Option<lettre::Address>>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    all_right: bool,
    findings: &'a [Finding],
}

pub(super) fn run(config: &Config, wanted: &Wanted) -> ExitCode {
    let examined = Runtime::new().map_err(|error| error.to_string()).and_then(|r| r.block_on(examine(config, wanted)));
    let findings = match examined {
        Ok(findings) => findings,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(1);
        }
    };
    let all_right = to_change(&findings).count() == 0;
    if wanted.json {
        let report = Report { all_right, findings: &findings };
        println!("{}", serde_json::to_string_pretty(&report).expect("findings are plain data"));
    } else {
        print!("{}", lines(&findings));
    }
    if all_right { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

async fn examine(config: &Config, wanted: &Wanted) -> Result<Vec<Finding>, String> {
    let mailer = serve::mailer(config)?;
    let mut findings = doctor::examine(config, &mailer, now()).await;
    let to = match &wanted.probe {
        None => Vec::new(),
        Some(Some(address)) => vec![address.clone()],
        Some(None) => serve::recipients(config, &words::read(config, now())?.edition.site.clinic)?,
    };
    for address in to {
        findings.push(probe::send(&mailer, &config.mail_from, &address, config.origin(), now()).await);
    }
    Ok(findings)
}

/// In short, beside the start: one line in the log for each thing to change, and for a machine of the public only.
pub(super) async fn at_start(config: Config) {
    if config.relay.is_none() || config.is_development() {
        return;
    }
    let Ok(mailer) = serve::mailer(&config) else { return };
    for finding in to_change(&doctor::examine(&config, &mailer, now()).await) {
        let remedy = finding.remedy.as_deref().unwrap_or_default();
        tracing::warn!(about = finding.topic.name(), "{} {remedy}", finding.saying);
    }
}

fn to_change(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.grade == Grade::Change)
}

fn lines(findings: &[Finding]) -> String {
    const WRITES: &str = "text takes every write";
    let mut text = String::new();
    for finding in findings {
        let rule = if finding.rule.is_empty() { String::new() } else { format!(" ({})", finding.rule) };
        writeln!(text, "{:<8} {:<9} {}{rule}", word(finding.grade), finding.topic.name(), finding.saying)
            .expect(WRITES);
        if let Some(remedy) = &finding.remedy {
            writeln!(text, "{:>20}{remedy}", "-> ").expect(WRITES);
        }
    }
    match to_change(findings).count() {
        0 => text.push_str("\nNothing has to be changed.\n"),
        number => writeln!(text, "\n{} to change.", count(number, "thing")).expect(WRITES),
    }
    text
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Right => "right",
        Grade::Note => "note",
        Grade::Unknown => "unknown",
        Grade::Change => "change",
    }
}
