//! `doctor`: prints the findings about mail as lines or JSON; `serve` logs those that need a change.

use super::{Ended, count, now, outbox, serve};
use crate::{
    config::Config,
    content,
    mail::doctor::{self, Finding, Grade, probe},
};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Send a test message to ADDRESS or to the staff addresses
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "no probe, a probe to staff, a probe to an address")]
    probe: Option<Option<lettre::Address>>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Ended {
    let findings = Runtime::new()?.block_on(examine(config, arguments))?;
    let changes = findings.iter().filter(|finding| needs_change(finding)).count();
    if arguments.json {
        println!("{:#}", serde_json::json!({ "all_right": changes == 0, "findings": findings }));
    } else {
        findings.iter().for_each(print);
        match changes {
            0 => println!("\nNothing has to be changed."),
            number => println!("\n{} to change.", count(number, "thing", "things")),
        }
    }
    Ok(ExitCode::from(u8::from(changes > 0)))
}

async fn examine(config: &Config, arguments: &Arguments) -> Result<Vec<Finding>, String> {
    let mailer = serve::mailer(config)?;
    let mut findings = doctor::examine(config, &mailer, now()).await;
    let to = match &arguments.probe {
        None => Vec::new(),
        Some(Some(address)) => vec![address.clone()],
        Some(None) => {
            let clinic = content::clinic_facts(&config.content).map_err(|faults| faults.to_string())?;
            outbox::recipients(config, &clinic)?
        }
    };
    for address in to {
        findings.push(probe::send(&mailer, &config.mail_from, &address, config.origin()).await);
    }
    Ok(findings)
}

/// Logs what to change, if a relay is set and the site is not on a developer's machine.
pub(super) async fn at_start(config: Config) {
    if config.relay.is_none() || config.is_development() {
        return;
    }
    let Ok(mailer) = serve::mailer(&config) else { return };
    for Finding { topic, message, remedy, .. } in
        doctor::examine(&config, &mailer, now()).await.into_iter().filter(needs_change)
    {
        tracing::warn!(topic, "{message} {remedy}");
    }
}

fn needs_change(finding: &Finding) -> bool {
    finding.grade == Grade::Change
}

fn print(finding: &Finding) {
    let grade = match finding.grade {
        Grade::Right => "right",
        Grade::Note => "note",
        Grade::Change => "change",
    };
    println!("{grade:<7} {:<9} {}", finding.topic, finding.message);
    if !finding.remedy.is_empty() {
        println!("{:>18}{}", "-> ", finding.remedy);
    }
}
