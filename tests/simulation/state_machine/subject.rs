//! The outbox on SQLite, as the state machine drives it.

use super::{
    RECIPIENTS,
    operation::{
        Operation, UNKNOWN, addresses, claimed, done, each_day, enquiry, later, note, note_key, problem_claimed,
        problem_of, receipt, seconds, visitor,
    },
};
use crate::model::{self, Model};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use relationship_clinic::mail::{
    health::LATE,
    outbox::{
        ClaimedLetter, CommandError, DatabaseLocation, EarlierEnquiry, LetterStore as _, Options, Outbox,
        ProblemStore as _, RelayStore as _, StoredEnquiry, Unavailable,
    },
};
use std::{collections::BTreeMap, fmt::Debug, sync::LazyLock};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

pub struct Subject {
    folder: TempDir,
    outbox: Outbox,
    writer: JoinHandle<()>,
    now: Timestamp,
    claims: Vec<ClaimedLetter>,
    references: BTreeMap<i64, String>,
    /// By the row of the letter: it never changes.
    message_ids: BTreeMap<i64, String>,
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.writer.abort();
        RUNTIME.block_on(self.outbox.close());
    }
}

impl Subject {
    pub fn new(now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (outbox, writer) = RUNTIME.block_on(open(&folder));
        let (references, message_ids) = (BTreeMap::new(), BTreeMap::new());
        Self { folder, outbox, writer, now, claims: Vec::new(), references, message_ids }
    }

    /// What the outbox answers, without what is random.
    pub fn perform(&mut self, operation: &Operation) -> String {
        RUNTIME.block_on(self.try_perform(operation)).unwrap()
    }

    async fn try_perform(&mut self, operation: &Operation) -> Result<String, Unavailable> {
        let (outbox, now) = (self.outbox.clone(), self.now);
        let at = |seconds: &u32| later(now, *seconds);
        Ok(match operation {
            Operation::Put { form, answers, held } => {
                let stored = outbox.put(&enquiry(*form, *answers, *held, now)).await.unwrap();
                self.references.insert(stored.number, stored.reference.clone());
                receipt(&stored)
            }
            Operation::Claim { lease, busy } => {
                let letter = outbox.claim(now, seconds(*lease), Timestamp::MAX, &addresses(busy)).await?;
                if let Some(letter) = &letter {
                    self.check_message_id(letter);
                }
                self.claims.extend(letter.clone());
                claimed(letter.as_ref())
            }
            Operation::Delivered(index) => match self.claims.iter().nth_back(*index) {
                Some(letter) => done(outbox.mark_delivered(letter, now).await?),
                None => String::new(),
            },
            Operation::Retry { claim, wait, error } => match self.claims.iter().nth_back(*claim) {
                Some(letter) => done(outbox.schedule_retry(letter, error, at(wait)).await?),
                None => String::new(),
            },
            Operation::Failed { claim, error } => match self.claims.iter().nth_back(*claim) {
                Some(letter) => done(outbox.mark_failed(letter, error, now).await?),
                None => String::new(),
            },
            Operation::Discard(index) => match self.claims.iter().nth_back(*index) {
                Some(letter) => done(outbox.discard_acknowledgement(letter, now).await?),
                None => String::new(),
            },
            Operation::Acknowledge { number, address } => {
                let address = visitor(*address).parse().unwrap();
                outbox.queue_acknowledgement(&self.reference(*number), &address, now).await?.to_string()
            }
            Operation::Answered(number) => applied(outbox.answered(&self.reference(*number), now).await)?,
            Operation::Spam(number) => applied(outbox.spam(&self.reference(*number), now).await)?,
            Operation::Release(number) => applied(outbox.release(&self.reference(*number), now).await)?,
            Operation::Erase(number) => applied(outbox.erase(&self.reference(*number), now).await)?,
            Operation::Resend(number) => {
                let reference = number.map(|number| self.reference(number));
                applied(outbox.resend(reference.as_deref(), now).await)?
            }
            Operation::Pause(wait) => done(outbox.pause(at(wait)).await?),
            Operation::Resume => done(outbox.resume().await?),
            Operation::Probe(lease) => outbox.may_probe(now, at(lease), Timestamp::MAX).await?.to_string(),
            Operation::Recovered => done(outbox.relay_recovered(now).await?),
            Operation::Begin(kind, letters) => outbox.problem_begins(*kind, *letters, now).await?.to_string(),
            Operation::End(kind) => outbox.problem_ends(*kind).await?.to_string(),
            Operation::ClaimProblem { lease } => {
                problem_claimed(outbox.claim_problem(now, seconds(*lease), Timestamp::MAX).await?)
            }
            Operation::Reported(kind, letters) => {
                done(outbox.problem_reported(&problem_of(*kind, *letters), now).await?)
            }
            Operation::ReportAgain { kind, wait } => done(outbox.retry_problem(*kind, at(wait)).await?),
            Operation::Retention => {
                let run = outbox.apply_retention(now).await?;
                format!("{:?}", (run.erased, run.removed))
            }
            Operation::Wait(seconds) => {
                self.now = at(seconds);
                String::new()
            }
            Operation::Days(days) => self.pass_days(*days).await?,
            Operation::Reopen => done(self.reopen().await),
        })
    }

    async fn pass_days(&mut self, days: u8) -> Result<String, Unavailable> {
        let mut answer = String::new();
        let recipients = RECIPIENTS.map(|address| address.parse().unwrap());
        for now in each_day(self.now, days) {
            let held: Vec<i64> = self.outbox.held().await?.iter().map(|held| held.number).collect();
            let note = note(&held, now);
            answer += &self.outbox.queue_note(&note_key(now), &recipients, Some(&note), now).await?.to_string();
            while let Some(letter) = self.outbox.claim(now, seconds(60), Timestamp::MAX, &[]).await? {
                answer += &claimed(Some(&letter));
                self.outbox.mark_delivered(&letter, now).await?;
            }
            self.now = now;
        }
        Ok(answer)
    }

    /// As after a restart of the program.
    async fn reopen(&mut self) {
        self.writer.abort();
        self.outbox.close().await;
        (self.outbox, self.writer) = open(&self.folder).await;
    }

    fn reference(&self, number: i64) -> String {
        self.references.get(&number).cloned().unwrap_or_else(|| UNKNOWN.to_owned())
    }

    fn check_message_id(&mut self, letter: &ClaimedLetter) {
        let known = self.message_ids.entry(letter.id).or_insert_with(|| letter.message_id.clone());
        assert_eq!(*known, letter.message_id, "the Message-ID of letter {}", letter.id);
    }

    /// Everything that can be read is the same in both.
    pub fn compare(&self, model: &Model, now: Timestamp) {
        assert_eq!(self.now, now);
        RUNTIME.block_on(self.try_compare(model)).unwrap();
    }

    async fn try_compare(&self, model: &Model) -> Result<(), CommandError> {
        let mut export = self.outbox.export().await?;
        for (entry, _) in &mut export {
            let (_, _, letters) = self.outbox.show(&entry.reference).await?;
            assert_eq!(letters, model.letters_of(entry.number), "the letters of enquiry {}", entry.number);
            let stored = self.outbox.stored(entry.number).await?;
            assert_eq!(stored.map(readable), model.stored(entry.number).map(readable));
            entry.reference = model::reference(entry.number);
        }
        assert_eq!(export, model.export());
        let held: Vec<_> = self.outbox.held().await?.iter().map(|held| (held.number, held.notified)).collect();
        assert_eq!(held, model.held());
        let open: Vec<i64> = self.outbox.open_enquiries().await?.iter().map(|open| open.number).collect();
        assert_eq!(open, model.open_enquiries());
        assert_eq!(self.outbox.letter_counts(self.now, LATE).await?, model.letter_counts(self.now, LATE));
        assert_eq!(self.outbox.next_due().await?, model.next_due());
        assert_eq!(self.outbox.relay().await?, model.relay);
        Ok(())
    }
}

async fn open(folder: &TempDir) -> (Outbox, JoinHandle<()>) {
    let options = Options {
        recipients: RECIPIENTS.map(|address| address.parse().unwrap()).to_vec(),
        domain: "clinic.example".into(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        keep_words: SignedDuration::from_hours(14 * 24),
        max_batch: Options::MAX_BATCH,
        max_per_hour: model::MAX_PER_HOUR,
        connection_lifetime: None,
        key: [7; 32],
    };
    let outbox = Outbox::open(DatabaseLocation::Sqlite(folder.path().join("outbox.sqlite")), options).await;
    let writer = tokio::spawn(outbox.clone().write());
    (outbox, writer)
}

/// What a letter shows, without references, which are random.
fn readable(stored: StoredEnquiry) -> impl PartialEq + Debug {
    let earlier = |earlier: Option<EarlierEnquiry>| earlier.map(|earlier| (earlier.number, earlier.held));
    let StoredEnquiry { number, received, enquiry, spam, previous, corrects, .. } = stored;
    (number, received, enquiry, spam, earlier(previous), earlier(corrects))
}

/// Whether a command changed something.
fn applied<T>(result: Result<T, CommandError>) -> Result<String, Unavailable> {
    match result {
        Ok(_) => Ok(true.to_string()),
        Err(CommandError::NotApplicable { .. }) => Ok(false.to_string()),
        Err(CommandError::Unavailable(cause)) => Err(cause),
    }
}
