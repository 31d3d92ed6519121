//! Letters through Exim (Debian's `exim4-daemon-light`) in its own process, with STARTTLS and AUTH, into a maildir. Without
//! Exim the tests fail.

use crate::{
    databases::{Kind, is_root},
    delivery::worker_of,
    smtp_server::Authority,
    support::clinic::{Clinic, TIMEOUT},
    test_outbox::{TestOutbox, by_email, new, start},
};
use mail_parser::MessageParser;
use relationship_clinic::{
    config::{Relay, Tls},
    mail::{delivery::Step, mailer::Mailer, outbox::NewEnquiry},
};
use secrecy::SecretString;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

struct Exim {
    folder: TempDir,
    port: u16,
    daemon: Child,
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

const CONFIGURATION: &str = r"
primary_hostname = localhost
spool_directory = FOLDER/spool
log_file_path = FOLDER/log/%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
tls_advertise_hosts = *
tls_certificate = FOLDER/cert.pem
tls_privatekey = FOLDER/key.pem
auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = check_recipient

begin acl
check_recipient:
  deny condition = ${if eq{$local_part}{unknown}}
       message = no such mailbox
  accept authenticated = *
  deny message = log in first

begin routers
all_recipients:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = FOLDER/mail
  maildir_format
  user = USER
  group = GROUP

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{clinic}}{eq{$auth3}{open sesame}}}}
  server_set_id = $auth2
";

impl Exim {
    fn start(authority: &Authority) -> Self {
        let program = ["/usr/sbin/exim4", "/usr/sbin/exim"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("this test needs Exim: install it (Debian: `apt-get install exim4-daemon-light`)");
        let folder = tempfile::Builder::new().prefix("clinic-exim").tempdir_in("/tmp").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (certificate, key) = authority.certify("localhost");
        fs::write(folder.path().join("cert.pem"), certificate).unwrap();
        fs::write(folder.path().join("key.pem"), key).unwrap();
        for name in ["spool", "log", "mail"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let (user, group) = owner();
        let settings = CONFIGURATION
            .replace("FOLDER", folder.path().to_str().unwrap())
            .replace("PORT", &port.to_string())
            .replace("USER", &user)
            .replace("GROUP", &group);
        let file = folder.path().join("exim.conf");
        if is_root() {
            // Exim changes from root to its own user, which needs its folders.
            run(Command::new("chown").arg("-R").arg(format!("{user}:{group}")).arg(folder.path()));
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&file, settings).unwrap();
        let daemon = Command::new(program)
            .arg("-C")
            .arg(&file)
            .arg("-bdf")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let exim = Self { folder, port, daemon };
        let listening = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        exim.wait("Exim listens", listening);
        exim
    }

    fn wait(&self, what: &str, mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < TIMEOUT, "timeout: {what}; {}", self.output());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn output(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["stderr", "log/mainlog", "log/paniclog", "log/rejectlog"].map(read).join("\n")
    }

    fn mails(&self) -> Vec<PathBuf> {
        let new = fs::read_dir(self.folder.path().join("mail/new"));
        new.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    fn relay(&self, ca: &Path, password: &str) -> Mailer {
        let relay = Relay {
            host: "localhost".into(),
            port: self.port,
            tls: Tls::Required,
            login: Some(("clinic".into(), SecretString::from(password))),
            ca: Some(ca.to_owned()),
        };
        Mailer::relay(relay, "clinic.example", Duration::from_secs(20)).unwrap()
    }
}

fn owner() -> (String, String) {
    if is_root() {
        return ("Debian-exim".into(), "Debian-exim".into());
    }
    let name =
        |flag| String::from_utf8(Command::new("id").arg(flag).output().unwrap().stdout).unwrap().trim().to_owned();
    (name("-un"), name("-gn"))
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exim_accepts_a_letter_and_refuses_a_wrong_log_in_and_an_unknown_mailbox() {
    let authority = Authority::new();
    let exim = Exim::start(&authority);
    let test = TestOutbox::new(Kind::Sqlite).await;
    let ca = test.fresh.folder.path().join("ca.pem");
    authority.write(&ca);
    let long = format!("{} end.\n.\n..two dots\nFrom here on: äöü 👩‍👩‍👧", "word ".repeat(4000));
    let enquiry = by_email("Zoë", "zoe@example.org", true);
    let enquiry = relationship_clinic::enquiry::Enquiry { message: Some(long.clone()), ..enquiry };
    let receipt = test.put(NewEnquiry { enquiry, ..new("") }).await;
    let wrong_log_in = worker_of(&test.outbox, exim.relay(&ca, "wrong"), 1000);
    assert!(matches!(wrong_log_in.step(start()).await, Step::Retry(1, _)), "{}", exim.output());
    let worker = worker_of(&test.outbox, exim.relay(&ca, "open sesame"), 1000);
    assert_eq!(worker.step(start()).await, Step::Delivered(1), "{}", exim.output());
    exim.wait("the letter is in the maildir", || exim.mails().len() == 1);
    let bytes = fs::read(exim.mails().remove(0)).unwrap();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert!(mail.subject().unwrap().contains(&receipt.reference));
    let text = mail.body_text(0).unwrap().replace("\r\n", "\n");
    for line in long.lines() {
        assert!(text.contains(&format!("> {line}")), "a line was lost: {:?}", &line[..line.len().min(40)]);
    }
    let unknown = TestOutbox::with(Kind::Sqlite, &["unknown@clinic.example"]).await;
    unknown.put(new("Ann")).await;
    let worker = worker_of(&unknown.outbox, exim.relay(&ca, "open sesame"), 1000);
    assert_eq!(worker.step(start()).await, Step::Failed(1), "{}", exim.output());
}

/// Header injection, HTML, control and formatting characters.
const ATTACK: &str = "x\r\nBcc: spy@example.com\r\n\r\n<script>alert(1)</script>\0\u{202E}evil";

#[test]
fn a_posted_form_with_hostile_and_unusual_text_arrives_in_the_maildir() {
    let authority = Authority::new();
    let exim = Exim::start(&authority);
    let ca = tempfile::tempdir().unwrap();
    let certificate = ca.path().join("ca.pem");
    authority.write(&certificate);
    let relay = format!("smtp://clinic:open%20sesame@localhost:{}?tls=required", exim.port);
    let clinic = Clinic::with(&[("CLINIC_SMTP_URL", &relay), ("CLINIC_SMTP_CA", certificate.to_str().unwrap())]);
    let names = ["Zoë Ångström", "مريم الخوري", "אסתר", ATTACK];
    for name in names {
        let fields = [
            ("name", name),
            ("channel", "email"),
            ("email", "ana@example.org"),
            ("email_private", "yes"),
            ("phone", "(650) 555-0123"),
            ("voicemail", "unnamed"),
            ("times", ATTACK),
            ("for_whom", "couple"),
            ("message", ATTACK),
            ("about", ATTACK),
            ("reason_code", ATTACK),
            ("token", ATTACK),
            ("consent", "yes"),
        ];
        clinic.store(&fields);
    }
    exim.wait("every letter is in the maildir", || exim.mails().len() == names.len());
    let mut all = String::new();
    for file in exim.mails() {
        let bytes = fs::read(file).unwrap();
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(mail.html_body_count() + mail.text_body_count(), 2, "both parts");
        assert!(mail.bcc().is_none(), "no field becomes a header");
        assert_eq!(mail.reply_to().and_then(|to| to.first()?.address().map(str::to_owned)).unwrap(), "ana@example.org");
        let (text, html) = (mail.body_text(0).unwrap(), mail.body_html(0).unwrap());
        for part in ["ana@example.org", "(650) 555-0123", "partner"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(
            !html.contains("<script>") && !text.contains(['\0', '\u{202E}']),
            "typed characters are escaped or removed"
        );
        all.push_str(&text);
    }
    for name in &names[..3] {
        assert!(all.contains(name), "{name} arrived unchanged");
    }
}
