//! What is done to both outboxes, and how the model does it.

use super::{RECIPIENTS, Reference};
use crate::model::{day, reference};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    collection::vec,
    option, prop_oneof,
    strategy::{BoxedStrategy, Just, Strategy},
};
use relationship_clinic::{
    enquiry::{Action, Channel, Enquiry, SpamScore},
    mail::{
        health::ProblemKind,
        mailer::DeliveryError,
        outbox::{ClaimedLetter, ClaimedProblem, MessageKind, NewEnquiry, Note, Receipt},
    },
};

/// The reference of no enquiry.
pub const UNKNOWN: &str = "unknown";

/// Times are seconds; a claim is counted back from the last one, an enquiry is its number.
#[derive(Debug, Clone)]
pub enum Operation {
    Put {
        form: Option<u8>,
        answers: u8,
        held: bool,
    },
    Claim {
        lease: u32,
        busy: Vec<usize>,
    },
    Delivered(usize),
    Retry {
        claim: usize,
        wait: u32,
        error: DeliveryError,
    },
    Failed {
        claim: usize,
        error: DeliveryError,
    },
    Acknowledge {
        number: i64,
        address: u8,
    },
    Discard(usize),
    Answered(i64),
    Spam(i64),
    Release(i64),
    Erase(i64),
    Resend(Option<i64>),
    Pause(u32),
    Resume,
    Probe(u32),
    Recovered,
    Begin(ProblemKind, u64),
    End(ProblemKind),
    ClaimProblem {
        lease: u32,
    },
    Reported(ProblemKind, i64),
    ReportAgain {
        kind: ProblemKind,
        wait: u32,
    },
    Retention,
    Wait(u32),
    /// Days in which the held enquiries are noted to staff and every letter leaves.
    Days(u8),
    Reopen,
}

pub fn any() -> BoxedStrategy<Operation> {
    prop_oneof![
        8 => (option::of(0u8..3), 0u8..4, proptest::bool::weighted(0.4))
            .prop_map(|(form, answers, held)| Operation::Put { form, answers, held }),
        6 => (prop_oneof![Just(0), 0u32..600], vec(0..RECIPIENTS.len(), 0..2)).prop_map(|(lease, busy)| Operation::Claim { lease, busy }),
        2 => claim().prop_map(Operation::Delivered),
        3 => (claim(), 0u32..600, error()).prop_map(|(claim, wait, error)| Operation::Retry { claim, wait, error }),
        3 => (claim(), error()).prop_map(|(claim, error)| Operation::Failed { claim, error }),
        1 => (number(), 0u8..2).prop_map(|(number, address)| Operation::Acknowledge { number, address }),
        1 => claim().prop_map(Operation::Discard),
        4 => staff(),
        4 => relay(),
        4 => problem(),
        4 => Just(Operation::Retention),
        6 => prop_oneof![4 => 0u32..900, 1 => Just(3600), 1 => Just(86_400), 2 => Just(31 * 86_400), 1 => Just(91 * 86_400)]
            .prop_map(Operation::Wait),
        3 => (1u8..4).prop_map(Operation::Days),
        1 => Just(Operation::Reopen),
    ]
    .boxed()
}

fn claim() -> impl Strategy<Value = usize> {
    0usize..4
}

/// The last of them is often unknown.
fn number() -> impl Strategy<Value = i64> {
    1i64..7
}

fn error() -> impl Strategy<Value = DeliveryError> {
    let reason = || "refused".to_owned();
    proptest::sample::select(vec![
        DeliveryError::Unwritable(reason()),
        DeliveryError::Letter { permanent: true, reason: reason() },
        DeliveryError::Letter { permanent: false, reason: reason() },
        DeliveryError::Session { permanent: true, reason: reason() },
        DeliveryError::Session { permanent: false, reason: reason() },
    ])
}

fn staff() -> impl Strategy<Value = Operation> {
    prop_oneof![
        number().prop_map(Operation::Answered),
        number().prop_map(Operation::Spam),
        number().prop_map(Operation::Release),
        number().prop_map(Operation::Erase),
        option::of(number()).prop_map(Operation::Resend),
    ]
}

fn relay() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (0u32..600).prop_map(Operation::Pause),
        Just(Operation::Resume),
        (0u32..600).prop_map(Operation::Probe),
        Just(Operation::Recovered),
    ]
}

fn problem() -> impl Strategy<Value = Operation> {
    let kind = || proptest::sample::select(ProblemKind::ALL.as_slice());
    prop_oneof![
        (kind(), 1u64..4).prop_map(|(kind, letters)| Operation::Begin(kind, letters)),
        kind().prop_map(Operation::End),
        (0u32..600).prop_map(|lease| Operation::ClaimProblem { lease }),
        (kind(), 1i64..4).prop_map(|(kind, letters)| Operation::Reported(kind, letters)),
        (kind(), 0u32..600).prop_map(|(kind, wait)| Operation::ReportAgain { kind, wait }),
    ]
}

impl Reference {
    /// What the model answers, as `Subject::perform` writes it.
    pub fn perform(&mut self, operation: &Operation) -> String {
        let (now, at) = (self.now, |seconds| later(self.now, seconds));
        let model = &mut self.model;
        match operation {
            Operation::Put { form, answers, held } => receipt(&model.put(&enquiry(*form, *answers, *held, now))),
            Operation::Claim { lease, busy } => {
                let letter = model.claim(now, seconds(*lease), Timestamp::MAX, &addresses(busy));
                self.claims.extend(letter.clone());
                claimed(letter.as_ref())
            }
            Operation::Delivered(claim) => self.with_claim(*claim, |s, letter| s.model.mark_delivered(letter, now)),
            Operation::Retry { claim, wait, error } => {
                let at = at(*wait);
                self.with_claim(*claim, |s, letter| s.model.schedule_retry(letter, error, at))
            }
            Operation::Failed { claim, error } => {
                self.with_claim(*claim, |s, letter| s.model.mark_failed(letter, error, now))
            }
            Operation::Acknowledge { number, address } => {
                let reference = if model.is_known(*number) { reference(*number) } else { UNKNOWN.to_owned() };
                model.queue_acknowledgement(&reference, &visitor(*address), now).to_string()
            }
            Operation::Discard(claim) => {
                self.with_claim(*claim, |s, letter| s.model.discard_acknowledgement(letter, now))
            }
            Operation::Answered(number) => model.answered(*number, now).to_string(),
            Operation::Spam(number) => model.spam(*number, now).to_string(),
            Operation::Release(number) => model.release(*number, now).to_string(),
            Operation::Erase(number) => model.erase(*number, now).to_string(),
            Operation::Resend(number) => (model.resend(*number, now) > 0).to_string(),
            Operation::Pause(wait) => done(model.pause(at(*wait))),
            Operation::Resume => done(model.resume()),
            Operation::Probe(lease) => model.may_probe(now, at(*lease), Timestamp::MAX).to_string(),
            Operation::Recovered => done(model.relay_recovered(now)),
            Operation::Begin(kind, letters) => model.problem_begins(*kind, *letters, now).to_string(),
            Operation::End(kind) => model.problem_ends(*kind).to_string(),
            Operation::ClaimProblem { lease } => {
                problem_claimed(model.claim_problem(now, seconds(*lease), Timestamp::MAX))
            }
            Operation::Reported(kind, letters) => done(model.problem_reported(&problem_of(*kind, *letters), now)),
            Operation::ReportAgain { kind, wait } => done(model.retry_problem(*kind, at(*wait))),
            Operation::Retention => format!("{:?}", model.apply_retention(now)),
            Operation::Wait(seconds) => {
                self.now = at(*seconds);
                String::new()
            }
            Operation::Days(days) => self.pass_days(*days),
            Operation::Reopen => String::new(),
        }
    }

    fn with_claim(&mut self, claim: usize, act: impl FnOnce(&mut Self, &ClaimedLetter)) -> String {
        if let Some(letter) = self.claims.iter().nth_back(claim).cloned() {
            act(self, &letter);
        }
        String::new()
    }

    fn pass_days(&mut self, days: u8) -> String {
        let mut answer = String::new();
        for now in each_day(self.now, days) {
            self.now = now;
            let held: Vec<i64> = self.model.held().iter().map(|(number, _)| *number).collect();
            answer += &self.model.queue_note(&note_key(now), &note(&held, now), now).to_string();
            while let Some(letter) = self.model.claim(now, seconds(60), Timestamp::MAX, &[]) {
                answer += &claimed(Some(&letter));
                self.model.mark_delivered(&letter, now);
            }
        }
        answer
    }
}

pub fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}

pub fn later(now: Timestamp, wait: u32) -> Timestamp {
    now + seconds(wait)
}

/// As if it had been claimed with so many letters.
pub fn problem_of(kind: ProblemKind, letters: i64) -> ClaimedProblem {
    ClaimedProblem { kind, since: Timestamp::UNIX_EPOCH, attempts: 1, letters }
}

/// The same time on so many following days.
pub fn each_day(now: Timestamp, days: u8) -> impl Iterator<Item = Timestamp> {
    (1..=u32::from(days)).map(move |day| later(now, day * 86_400))
}

pub fn enquiry(form: Option<u8>, answers: u8, held: bool, received: Timestamp) -> NewEnquiry {
    let enquiry = Enquiry {
        name: format!("Visitor {answers}"),
        channel: Channel::Email,
        phone: None,
        email: None,
        times: None,
        for_whom: None,
        message: None,
        about: None,
        notice: "2026-06".into(),
    };
    let reasons = vec!["Five links in the message".into()];
    let score = 9 - u32::from(answers);
    let spam = if held {
        SpamScore { action: Action::Hold, score, reasons }
    } else {
        SpamScore { score, ..SpamScore::default() }
    };
    NewEnquiry { enquiry, spam, nonce: form.map(|form| form.to_string()), received }
}

pub fn visitor(address: u8) -> String {
    format!("visitor{address}@mail.example")
}

pub fn addresses(recipients: &[usize]) -> Vec<String> {
    recipients.iter().map(|index| RECIPIENTS[*index].to_owned()).collect()
}

pub fn note_key(now: Timestamp) -> String {
    format!("daily {}", day(now))
}

pub fn note(held: &[i64], now: Timestamp) -> Note {
    Note { subject: "Held".into(), text: String::new(), html: String::new(), day: day(now), held: held.to_vec() }
}

/// A receipt without its reference.
pub fn receipt(receipt: &Receipt) -> String {
    format!("{} {} {}", receipt.number, receipt.duplicate, receipt.held)
}

/// A letter without what is random.
pub fn claimed(letter: Option<&ClaimedLetter>) -> String {
    let Some(letter) = letter else { return String::new() };
    let ClaimedLetter { id, number, copy, recipient, dated, queued, attempts, kind, .. } = letter;
    let held = if let MessageKind::Note(note) = kind { note.held.as_slice() } else { &[] };
    format!("[{id} {number} {copy} {recipient} {dated} {queued} {attempts} {held:?}]")
}

pub fn problem_claimed(problem: Option<ClaimedProblem>) -> String {
    format!("{problem:?}")
}

/// The answer to what answers nothing.
pub fn done((): ()) -> String {
    String::new()
}
