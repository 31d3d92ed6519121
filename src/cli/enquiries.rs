//! `enquiries …`: what an operator does with enquiries, beside a running server or without one.
//!
//! Exit codes: 0 done, 1 nothing was found or it failed, 2 wrong use. Nothing here sends a letter: what should leave is put
//! in line, and the server finds it there within seconds.
//!
//! Never: a signature or a token, so no secret is read or made.

mod erase;
mod export;
mod show;
mod table;

use super::{now, outbox};
use crate::{
    config::Config,
    content,
    mail::outbox::{NotDone, Outbox, Place, Unavailable},
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
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Said(String),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Runs one command.
pub(super) fn run(config: &Config, command: &Enquiries) -> ExitCode {
    let done = Builder::new_current_thread().enable_all().build().map_err(|error| Failed::Said(error.to_string()));
    match done.and_then(|runtime| runtime.block_on(perform(config, command))) {
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
    let done = match command {
        Enquiries::List { json } => list(&outbox, *json).await,
        Enquiries::Show { reference, json } => show::show(&outbox, &typed(reference), *json).await,
        Enquiries::Release { references } => release(&outbox, references).await,
        Enquiries::Resend { reference } => resend(&outbox, reference.as_deref()).await,
        Enquiries::Answered { references } => answered(&outbox, references).await,
        Enquiries::Erase(what) => erase::erase(config, &outbox, what).await,
        Enquiries::Export { format } => export::export(&outbox, *format).await,
        Enquiries::Backup { file } => backup(&outbox, file).await,
    };
    outbox.close().await;
    done
}

async fn open(config: &Config) -> Result<Outbox, Failed> {
    if let Place::Sqlite(file) = outbox::place(config)
        && !file.exists()
    {
        let text = format!("no outbox is at {}; look at CLINIC_DATA, or nothing was ever kept there", file.display());
        return Err(Failed::Said(text));
    }
    let clinic = content::clinic_facts(&config.content).map_err(|faults| Failed::Said(faults.to_string()))?;
    // No enquiry is taken in here, so no fingerprint is made and no secret needed.
    outbox::open(config, &clinic, "").await.map_err(Failed::Said)
}

/// A reference as somebody may type it.
fn typed(reference: &str) -> String {
    reference.trim().to_ascii_uppercase()
}

async fn list(outbox: &Outbox, json: bool) -> Result<String, Failed> {
    let entries = outbox.list().await?;
    if json {
        return Ok(serde_json::to_string_pretty(&entries).expect("entries are plain data") + "\n");
    }
    Ok(table::list(&entries, now()))
}

async fn release(outbox: &Outbox, references: &[String]) -> Result<String, Failed> {
    for reference in references {
        outbox.release(&typed(reference), now()).await?;
    }
    Ok(super::count(references.len(), "enquiry is", "enquiries are") + " in line for the mailbox\n")
}

async fn resend(outbox: &Outbox, reference: Option<&str>) -> Result<String, Failed> {
    let count = outbox.resend(reference.map(typed).as_deref(), now()).await?;
    Ok(super::count(usize::try_from(count).unwrap_or(usize::MAX), "letter is", "letters are") + " in line again\n")
}

async fn answered(outbox: &Outbox, references: &[String]) -> Result<String, Failed> {
    for reference in references {
        outbox.answered(&typed(reference), now()).await?;
    }
    Ok(super::count(references.len(), "enquiry is", "enquiries are") + " marked as answered\n")
}

async fn backup(outbox: &Outbox, file: &std::path::Path) -> Result<String, Failed> {
    let enquiries = outbox.backup(file).await.map_err(|error| Failed::Said(error.to_string()))?;
    let kept = super::count(usize::try_from(enquiries).unwrap_or(usize::MAX), "enquiry", "enquiries");
    Ok(format!(
        "{} holds {kept}; it was opened and found whole.\nTo go back to it: stop the server and put it in the place of \
         outbox.sqlite in CLINIC_DATA, without the files outbox.sqlite-wal and -shm.\nIt holds what people wrote: \
         erasing reaches no backup.\n",
        file.display()
    ))
}
