//! `enquiries …`: what an operator does with enquiries, beside a running server or without one.
//!
//! Exit codes: 0 done, 1 nothing was found or it failed, 2 wrong use. Nothing here sends a letter: what should leave is put
//! in line, and the server finds it there within seconds.
//!
//! Never: a signature or a token, so no secret is read or made.

mod erase;
mod output;

use super::{count, now, outbox};
use crate::{
    config::Config,
    content,
    mail::outbox::{DatabaseLocation, Outbox},
};
use clap::{Args, Subcommand, ValueEnum};
use std::{path::PathBuf, process::ExitCode};
use tokio::runtime::Builder;

/// See the module.
#[derive(Debug, Subcommand)]
pub(super) enum Enquiries {
    /// Every enquiry that is still known: number, reference, state, age; nothing that anybody wrote
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// What one enquiry says, and how its letters fare
    Show {
        /// Eight signs, as in its letter
        reference: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Send held enquiries to the mailbox
    Release {
        /// One or more
        #[arg(required = true)]
        references: Vec<String>,
    },
    /// Send letters again that were set aside; without a reference, all of them
    Resend {
        /// Of one enquiry
        reference: Option<String>,
    },
    /// Mark enquiries as answered, so that no reminder comes
    Answered {
        /// One or more
        #[arg(required = true)]
        references: Vec<String>,
    },
    /// Erase the words of one enquiry, or of all from one address, and prove what is left
    Erase(Erase),
    /// Write everything that is kept to standard output; it holds what people wrote
    Export {
        /// CSV is safe to open in a spreadsheet
        #[arg(long, value_enum, default_value_t = Form::Csv)]
        format: Form,
    },
    /// Copy the outbox to a new file while the server runs
    Backup {
        /// It must not exist
        file: PathBuf,
    },
}

/// What is to be erased: exactly one of these.
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
pub(super) enum Form {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    JsonLines,
}

/// Why a command ends with 1.
type Failed = Box<dyn std::error::Error>;

/// Runs one command.
pub(super) fn run(config: &Config, command: &Enquiries) -> ExitCode {
    let runtime = Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Failed::from).and_then(|runtime| runtime.block_on(perform(config, command))) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::from(1)
        }
    }
}

async fn perform(config: &Config, command: &Enquiries) -> Result<String, Failed> {
    let outbox = open(config).await?;
    let done = act(config, &outbox, command).await;
    outbox.close().await;
    done
}

async fn act(config: &Config, outbox: &Outbox, command: &Enquiries) -> Result<String, Failed> {
    match command {
        Enquiries::List { json: true } => {
            let entries = outbox.list().await?;
            Ok(serde_json::to_string_pretty(&entries).expect("entries are plain data") + "\n")
        }
        Enquiries::List { json: false } => Ok(output::table(&outbox.list().await?, now())),
        Enquiries::Show { reference, json } => {
            let (entry, words, letters) = outbox.show(&typed(reference)).await?;
            Ok(match json {
                true => output::details_json(&entry, &words, &letters),
                false => output::details(&entry, &words, &letters, now()),
            })
        }
        Enquiries::Release { references } => {
            for reference in references {
                outbox.release(&typed(reference), now()).await?;
            }
            Ok(count(references.len(), "enquiry is", "enquiries are") + " in line for the mailbox\n")
        }
        Enquiries::Resend { reference } => {
            let letters = outbox.resend(reference.as_deref().map(typed).as_deref(), now()).await?;
            Ok(count(usize::try_from(letters)?, "letter is", "letters are") + " in line again\n")
        }
        Enquiries::Answered { references } => {
            for reference in references {
                outbox.answered(&typed(reference), now()).await?;
            }
            Ok(count(references.len(), "enquiry is", "enquiries are") + " marked as answered\n")
        }
        Enquiries::Erase(what) => erase::erase(config, outbox, what).await,
        Enquiries::Export { format: Form::Csv } => Ok(output::csv(&outbox.export().await?)?),
        Enquiries::Export { format: Form::JsonLines } => Ok(output::json_lines(&outbox.export().await?)),
        Enquiries::Backup { file } => backup(outbox, file).await,
    }
}

async fn open(config: &Config) -> Result<Outbox, Failed> {
    if let DatabaseLocation::Sqlite(file) = outbox::place(config)
        && !file.exists()
    {
        let text = format!("no outbox is at {}; look at CLINIC_DATA, or nothing was ever kept there", file.display());
        return Err(text.into());
    }
    let clinic = content::clinic_facts(&config.content).map_err(|faults| faults.to_string())?;
    // No enquiry is taken in here, so no fingerprint is made and no secret needed.
    Ok(outbox::open(config, &clinic, "").await?)
}

/// A reference as an operator may type it.
fn typed(reference: &str) -> String {
    reference.trim().to_ascii_uppercase()
}

async fn backup(outbox: &Outbox, file: &std::path::Path) -> Result<String, Failed> {
    let enquiries = outbox.backup(file).await?;
    Ok(format!(
        "{} holds {}; it was opened and found whole.\nTo go back to it: stop the server and put it in the place of \
         outbox.sqlite in CLINIC_DATA, without the files outbox.sqlite-wal and -shm.\nIt holds what people wrote: \
         erasing reaches no backup.\n",
        file.display(),
        count(usize::try_from(enquiries)?, "enquiry", "enquiries"),
    ))
}
