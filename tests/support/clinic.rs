//! The real program in its own process, and a small HTTP client (it follows no redirects, and no status is an error).

use mail_parser::MessageParser;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Time limit of every wait in the tests: far more than is needed on a busy machine.
pub const TIMEOUT: Duration = Duration::from_mins(2);

/// The tested binary.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_relationship-clinic");

/// Opens an admin address at a free port.
pub const ADMIN: (&str, &str) = ("CLINIC_ADMIN_LISTEN", "127.0.0.1:0");

/// A running program; it is killed when this is dropped.
pub struct Clinic {
    pub origin: String,
    pub data: PathBuf,
    child: Child,
    watchdog: Child,
    folder: Option<TempDir>,
    settings: Vec<(String, String)>,
    agent: ureq::Agent,
    log: Arc<Mutex<String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers of this site are ASCII"))
    }

    #[track_caller]
    pub fn has(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "`{text}` is missing in:\n{}", self.body);
        self
    }

    #[track_caller]
    pub fn lacks(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "`{text}` is in:\n{}", self.body);
        self
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.body);
        self
    }
}

impl Clinic {
    /// Starts with the shipped content and default settings.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts with further settings, as environment variables.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder for the test");
        let data = folder.path().join("var");
        let settings = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut clinic = Self::in_folder(data, settings);
        clinic.folder = Some(folder);
        clinic
    }

    /// Starts with `data` as its data folder, which is not deleted.
    pub fn in_folder(data: PathBuf, settings: Vec<(String, String)>) -> Self {
        Self::under_command(Command::new(PROGRAM), data, settings)
    }

    /// Starts under another program such as strace: `command` ends with the program and its arguments, or is the
    /// program.
    pub fn under_command(command: Command, data: PathBuf, settings: Vec<(String, String)>) -> Self {
        let log = Arc::default();
        let (child, origin) = launch(command, &data, &settings, &log);
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .timeout_global(Some(TIMEOUT))
                .build(),
        );
        Self { origin, data, watchdog: watchdog_of(&child), child, folder: None, settings, agent, log }
    }

    /// Runs a command of the program on the same data while the server runs.
    pub fn command(&self, arguments: &[&str]) -> Output {
        prepared(Command::new(PROGRAM), &self.data, &self.settings).args(arguments).output().expect("the program runs")
    }

    /// The output of a command, which must succeed.
    #[track_caller]
    pub fn output_of(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the output is UTF-8")
    }

    /// SIGKILL, then a start with the same data and settings.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        let (child, origin) = launch(Command::new(PROGRAM), &self.data, &self.settings, &self.log);
        self.watchdog = watchdog_of(&child);
        (self.child, self.origin) = (child, origin);
    }

    pub fn kill(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Everything printed and logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.get_at(&self.url(path), headers)
    }

    /// GET of any URL, such as one of the admin address.
    pub fn get_at(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.call().expect("the program answers"))
    }

    /// GET of a path at the admin address, which [`ADMIN`] opens and the program prints.
    #[track_caller]
    pub fn get_at_admin(&self, path: &str) -> Answer {
        const MARK: &str = "Metrics are at ";
        let line = || self.log().lines().rev().find_map(|line| Some(line.strip_prefix(MARK)?.to_owned()));
        let url = wait_for(line).expect("the program prints the address");
        let origin = url.strip_suffix("/metrics").expect("the address ends with /metrics");
        self.get_at(&format!("{origin}{path}"), &[])
    }

    /// Waits until the form is healthy (200) or not (503); the answer of the admin address, with reasons.
    #[track_caller]
    pub fn wait_for_health(&self, status: u16) -> Answer {
        let answer = || Some(self.get_at_admin("/health/form")).filter(|answer| answer.status == status);
        wait_for(answer).unwrap_or_else(|| panic!("not {status}: {}", self.get_at_admin("/health/form").body))
    }

    /// Posts a form as a browser does from a page of this site.
    pub fn post(&self, fields: &[(&str, &str)]) -> Answer {
        self.post_with(fields, &[("sec-fetch-site", "same-origin")])
    }

    pub fn post_with(&self, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_bytes(body.as_bytes(), headers)
    }

    /// Posts a form until it is stored. On a busy machine the database may answer later than a visitor waits; then the page
    /// has every answer and asks to send it again (503), and the form is stored once. Every other answer fails the test.
    #[track_caller]
    pub fn store(&self, fields: &[(&str, &str)]) {
        self.store_with(fields, &[("sec-fetch-site", "same-origin")], |_| {});
    }

    /// The same with other headers; `check` sees each page that asks to send the form again.
    #[track_caller]
    pub fn store_with(&self, fields: &[(&str, &str)], headers: &[(&str, &str)], check: impl Fn(&Answer)) {
        let answered = wait_for(|| {
            let answer = self.post_with(fields, headers);
            if answer.status != 503 {
                return Some(answer);
            }
            check(answer.has("Your answers are still in the form below"));
            None
        });
        answered.unwrap_or_else(|| panic!("the form cannot be stored:\n{}", self.log())).is(303);
    }

    /// Submits the button of a page: an empty POST.
    pub fn press(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send_empty().expect("the program answers"))
    }

    pub fn post_bytes(&self, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.post(self.url("/contact"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).expect("the program answers"))
    }

    /// Waits for `count` letters in the mail folder.
    #[track_caller]
    pub fn letters(&self, count: usize) -> Vec<Vec<u8>> {
        let folder = self.data.join("mail");
        let found = wait_for(|| {
            let files = eml_files(&folder);
            (files.len() >= count).then_some(files)
        });
        let files = found
            .unwrap_or_else(|| panic!("{count} letters in {}, found {}", folder.display(), eml_files(&folder).len()));
        files.iter().map(|file| fs::read(file).expect("the letter can be read")).collect()
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Paths of the links in a letter, in order: answered, spam.
pub fn links(letter: &[u8]) -> Vec<String> {
    let message = MessageParser::default().parse(letter).expect("a letter that can be read");
    let text = message.body_text(0).expect("a text part").into_owned();
    let found = text.lines().filter_map(|line| line.trim().strip_prefix("http://localhost:3000"));
    found.map(str::to_owned).collect()
}

/// Calls `check` until it returns a value, for [`TIMEOUT`] at most; used where another process must do something first.
pub fn wait_for<T>(mut check: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + TIMEOUT;
    while Instant::now() < end {
        if let Some(answer) = check() {
            return Some(answer);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

fn eml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    files
}

fn launch(command: Command, data: &Path, settings: &[(String, String)], log: &Arc<Mutex<String>>) -> (Child, String) {
    let mut command = prepared(command, data, settings);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let origin = first_line_with(&mut child, "http://", log);
    (child, origin)
}

/// The command with the settings of the test and no others.
fn prepared(mut command: Command, data: &Path, settings: &[(String, String)]) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLINIC_")) {
        command.env_remove(name);
    }
    command.env("CLINIC_LISTEN", "127.0.0.1:0").env("CLINIC_DATA", data).env("RUST_LOG", "info");
    command.env("CLINIC_TEST_MAX_PER_HOUR", u32::MAX.to_string());
    command.envs(settings.iter().map(|(k, v)| (k, v)));
    command
}

/// Kills `child` when the test binary ends without dropping it (a `static` is never dropped): the pipe breaks then.
fn watchdog_of(child: &Child) -> Child {
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", "read -r _; kill -9 \"$0\"", &child.id().to_string()]).stdin(Stdio::piped());
    watchdog.spawn().expect("there is a shell")
}

/// The first word with `mark` that the program prints; fails with its log if it ends before that.
fn first_line_with(child: &mut Child, mark: &str, log: &Arc<Mutex<String>>) -> String {
    let (lines, received_lines) = mpsc::channel();
    let out = child.stdout.take().expect("stdout is piped");
    collect(out, log, move |line| {
        let _ = lines.send(line);
    });
    collect(child.stderr.take().expect("stderr is piped"), log, drop);
    loop {
        if let Ok(line) = received_lines.recv_timeout(TIMEOUT) {
            if let Some(at) = line.find(mark) {
                let end = line[at..].find(char::is_whitespace).map_or(line.len(), |length| at + length);
                return line[at..end].trim_end_matches('/').to_owned();
            }
        } else {
            let _ = child.kill();
            panic!("the program did not come up:\n{}", log.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Appends every line to the log and passes it on.
fn collect(from: impl Read + Send + 'static, log: &Arc<Mutex<String>>, forward: impl Fn(String) + Send + 'static) {
    let written = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut log = written.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
            drop(log);
            forward(line);
        }
    });
}

fn read(mut answer: http::Response<ureq::Body>) -> Answer {
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut bytes).expect("the answer arrives whole");
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// The fields of a valid form, to be answered by telephone.
pub fn valid_form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("name", "Ana"),
        ("channel", "phone"),
        ("phone", "(650) 555-0123"),
        ("voicemail", "unnamed"),
        ("message", "We keep having the same quarrel."),
        ("consent", "yes"),
    ]
}
