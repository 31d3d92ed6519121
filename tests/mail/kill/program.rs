//! Copies of the real program on one outbox, each of which may be killed and started again.

use crate::{
    databases::{Fresh, Kind},
    support::clinic::Clinic,
};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// The present address of a copy; another one after each start.
pub type Address = Arc<Mutex<String>>;

pub struct Copies {
    settings: Vec<(String, String)>,
    copies: Vec<Copy>,
}

struct Copy {
    data: PathBuf,
    address: Address,
    /// The running process, and the logs of the earlier ones.
    life: Mutex<Life>,
}

#[derive(Default)]
struct Life {
    clinic: Option<Clinic>,
    lives: usize,
    logs: Vec<String>,
}

impl Copies {
    /// The further settings replace those of every copy.
    pub fn new(database: &Fresh, count: usize, relay: SocketAddr, staff: &[&str], further: &[(&str, &str)]) -> Self {
        let mut settings: Vec<(String, String)> = [
            ("CLINIC_SECRET", "a secret that all copies of the program share".to_owned()),
            ("CLINIC_SMTP_URL", format!("smtp://{relay}")),
            ("CLINIC_MAIL_TO", staff.join(",")),
            ("CLINIC_MAIL_PER_MINUTE", "1000000".to_owned()),
            ("CLINIC_MAIL_TIMEOUT", "3s".to_owned()),
            ("CLINIC_RETRY", "20ms,50ms,100ms".to_owned()),
            // All visitors are on this machine; their addresses are in a proxy's header.
            ("CLINIC_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        if database.kind == Kind::Postgres {
            settings.push(("CLINIC_DATABASE_URL".to_owned(), database.url.clone()));
        }
        settings.extend(further.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let data = |copy| match database.kind {
            // The folder of the file that the test itself looks into.
            Kind::Sqlite => database.folder.path().join("data"),
            Kind::Postgres => database.folder.path().join(format!("data-{copy}")),
        };
        let copies = (0..count)
            .map(|copy| Copy { data: data(copy), address: Address::default(), life: Mutex::default() })
            .collect();
        let copies = Self { settings, copies };
        (0..count).for_each(|copy| copies.start(copy));
        copies
    }

    pub fn count(&self) -> usize {
        self.copies.len()
    }

    pub fn addresses(&self) -> Vec<Address> {
        self.copies.iter().map(|copy| Arc::clone(&copy.address)).collect()
    }

    /// Uses a running copy, which is not killed meanwhile.
    pub fn with_running<T>(&self, index: usize, act: impl FnOnce(&Clinic) -> T) -> T {
        act(self.copies[index].life.lock().unwrap().clinic.as_ref().unwrap())
    }

    /// Each process has its own sender address, so that a mail shows which process sent it.
    pub fn start(&self, index: usize) {
        let copy = &self.copies[index];
        let mut life = copy.life.lock().unwrap();
        life.lives += 1;
        let sender = format!("website@copy-{index}-life-{}.clinic.example", life.lives);
        let own = [("CLINIC_MAIL_FROM".to_owned(), sender)];
        let clinic = Clinic::in_folder(copy.data.clone(), self.settings.iter().cloned().chain(own).collect());
        copy.address.lock().unwrap().clone_from(&clinic.origin);
        life.clinic = Some(clinic);
    }

    pub fn kill(&self, index: usize) {
        let mut life = self.copies[index].life.lock().unwrap();
        let mut clinic = life.clinic.take().unwrap();
        clinic.kill();
        life.logs.push(clinic.log());
    }

    pub fn stop_and_assert_no_panics(self) {
        for (index, copy) in self.copies.iter().enumerate() {
            self.kill(index);
            for (life, log) in copy.life.lock().unwrap().logs.iter().enumerate() {
                assert!(!log.contains("panicked"), "copy {index}, life {}: {log}", life + 1);
            }
        }
    }
}
