//! `enquiries …`: commands for operators, with or without a running server.
//!
//! Exit codes: 0 done, 1 nothing was found or it failed, 2 wrong use. Nothing here sends a letter: letters are queued,
//! and the server sends them within seconds.
//!
//! Never: a signature or a token, so no secret is read or created.

mod erase;
mod output;

use super::{Ended, count, now, outbox};
use crate::{
    config::Config,
    content,
    mail::outbox::{DatabaseLocation, Outbox},
};
use clap::{Args, Subcommand, ValueEnum};
use std::{path::PathBuf, process::ExitCode};
use tokio::runtime::Builder;

/// The subcommands of `enquiries`.
#[derive(Debug, Subcommand)]
pub(super) enum Enquiries {
    /// Every enquiry that is still stored: number, reference, state, age; nothing that a visitor wrote
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the content of one enquiry and the state of its emails
    Show {
        /// Eight characters, as in its email
        reference: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send held enquiries to the mailbox
    Release {
        /// One or more
        #[arg(required = true)]
        references: Vec<String>,
    },
    /// Send failed emails again; without a reference, all of them
    Resend {
        /// Of one enquiry
        reference: Option<String>,
    },
    /// Mark enquiries as answered, so that no reminder comes
    Answered {
        /// One or more
        #[arg(required = true)]
        references: Vec<String>,
        /// Remove the mark; possible for 30 days
        #[arg(long)]
        undo: bool,
    },
    /// Erase the content of one enquiry, or of all from one address, and report what remains
    Erase(Erase),
    /// Write everything that is stored to standard output, including what visitors wrote
    Export {
        /// CSV is safe to open in a spreadsheet
        #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
        format: ExportFormat,
    },
    /// Copy the database to a new file while the server runs
    Backup {
        /// The new file; it must not exist
        file: PathBuf,
    },
    /// Add the enquiries of a backup that are missing, also to a lost outbox
    Restore {
        /// A file that `backup` made
        file: PathBuf,
    },
}

/// Selects what to erase: exactly one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Erase {
    /// One enquiry
    reference: Option<String>,
    /// Everything from this email address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Everything from this telephone number
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ExportFormat {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    JsonLines,
}

/// The error of a command that exits with 1.
pub(super) type Failed = Box<dyn std::error::Error>;

/// Prints the result of the command.
pub(super) fn run(config: &Config, command: &Enquiries) -> Ended {
    let may_create = matches!(command, Enquiries::Restore { .. });
    with_outbox(config, may_create, async |outbox| perform(config, outbox, command).await)
}

/// Prints the result of `work`; with `may_create` it may be done with a new outbox.
///
/// # Errors
/// There is no outbox, a fact of the clinic cannot be used, or the work failed.
pub(super) fn with_outbox(
    config: &Config,
    may_create: bool,
    work: impl AsyncFnOnce(&Outbox) -> Result<String, Failed>,
) -> Ended {
    if let DatabaseLocation::Sqlite(file) = outbox::place(config)
        && !(may_create || file.exists())
    {
        let text = format!("no outbox is at {}; check CLINIC_DATA, or nothing was stored there yet", file.display());
        return Err(text.into());
    }
    let clinic = content::clinic_facts(&config.content)?;
    let done = Builder::new_current_thread().enable_all().build()?.block_on(async {
        // No enquiry is stored here, so no fingerprint is made and no secret needed.
        let outbox = outbox::open(config, &clinic, "").await?;
        let done = work(&outbox).await;
        outbox.close().await;
        done
    });
    print!("{}", done?);
    Ok(ExitCode::SUCCESS)
}

async fn perform(config: &Config, outbox: &Outbox, command: &Enquiries) -> Result<String, Failed> {
    match command {
        Enquiries::List { json: true } => {
            let entries = outbox.list().await?;
            Ok(serde_json::to_string_pretty(&entries).expect("entries are plain data") + "\n")
        }
        Enquiries::List { json: false } => Ok(output::table(&outbox.list().await?, now())),
        Enquiries::Show { reference, json } => {
            let (entry, content, letters) = outbox.show(&normalized(reference)).await?;
            Ok(match json {
                true => output::details_json(&entry, content.as_ref(), &letters),
                false => output::details(&entry, content.as_ref(), &letters, now()),
            })
        }
        Enquiries::Release { references } => {
            for reference in references {
                outbox.release(&normalized(reference), now()).await?;
            }
            Ok(count(references.len(), "enquiry is", "enquiries are") + " queued for the mailbox\n")
        }
        Enquiries::Resend { reference } => {
            let letters = outbox.resend(reference.as_deref().map(normalized).as_deref(), now()).await?;
            Ok(count(usize::try_from(letters)?, "email is", "emails are") + " queued again\n")
        }
        Enquiries::Answered { references, undo } => {
            for reference in references {
                match undo {
                    true => outbox.undo_answered(&normalized(reference), now()).await?,
                    false => outbox.answered(&normalized(reference), now()).await?,
                }
            }
            let negation = if *undo { " no longer" } else { "" };
            Ok(format!("{}{negation} marked as answered\n", count(references.len(), "enquiry is", "enquiries are")))
        }
        Enquiries::Erase(what) => erase::erase(config, outbox, what).await,
        Enquiries::Export { format: ExportFormat::Csv } => Ok(output::csv(&outbox.export().await?)?),
        Enquiries::Export { format: ExportFormat::JsonLines } => Ok(output::json_lines(&outbox.export().await?)),
        Enquiries::Backup { file } => backup(outbox, file).await,
        Enquiries::Restore { file } => restore(outbox, file).await,
    }
}

/// A reference as an operator may type it.
fn normalized(reference: &str) -> String {
    reference.trim().to_ascii_uppercase()
}

async fn backup(outbox: &Outbox, file: &std::path::Path) -> Result<String, Failed> {
    let enquiries = outbox.backup(file).await?;
    Ok(format!(
        "{} holds {}; it was opened and checked.\nTo restore it: `enquiries restore`. It holds what visitors wrote, also \
         after `enquiries erase`.\n",
        file.display(),
        count(usize::try_from(enquiries)?, "enquiry", "enquiries"),
    ))
}

async fn restore(outbox: &Outbox, file: &std::path::Path) -> Result<String, Failed> {
    let restored = outbox.restore(file, now()).await?;
    Ok(format!(
        "{} restored; the next one gets a number above {}. What was erased stays erased.\n{} may have been sent before, and \
         `enquiries list` shows it as failed: `enquiries resend REFERENCE` sends it again.\n",
        count(usize::try_from(restored.enquiries)?, "enquiry is", "enquiries are"),
        restored.last,
        count(usize::try_from(restored.letters)?, "email", "emails"),
    ))
}
