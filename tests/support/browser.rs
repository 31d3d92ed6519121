//! A real browser: Debian's Chromium with its driver, one driver for each test binary.

use crate::support::clinic::TIMEOUT;
use fantoccini::{
    Client, ClientBuilder,
    actions::{InputSource as _, KeyAction, KeyActions, MouseActions, PointerAction},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A driver process; it is killed when this is dropped.
pub struct Driver {
    child: Child,
    address: String,
}

/// Window and settings of a browser.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub script: bool,
    /// Default text size of the browser in pixels (16 unless the reader changed it); set when the browser is opened.
    pub text: u32,
}

/// A phone in the light scheme.
pub const PHONE: View = View { width: 390, height: 844, dark: false, script: true, text: 16 };
/// A desktop in the light scheme.
pub const DESKTOP: View = View { width: 1280, height: 900, dark: false, script: true, text: 16 };
/// A phone in the light scheme without scripts.
pub const NO_SCRIPT: View = View { script: false, ..PHONE };

impl Driver {
    /// The driver of this test binary. It ends with the last test that uses it (a static would not be dropped).
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Driver>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *shared = Arc::downgrade(&driver);
            driver
        })
    }

    /// Starts the driver on a free port.
    pub fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: tests/run does it");
        let out = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let port = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver prints its port");
        Self { child, address: format!("http://127.0.0.1:{port}") }
    }

    /// Opens a browser with an empty profile.
    pub async fn open(&self, view: View) -> Browser {
        let profile = TempDir::new().expect("a folder for the profile");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={},{}", view.width.max(500), view.height),
        ];
        if view.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let mut prefs = json!({ "webkit.webprefs.default_font_size": view.text });
        if !view.script {
            prefs["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let options = json!({ "args": arguments, "prefs": prefs });
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written above") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .expect("chromium is installed: tests/run does it");
        let browser = Browser { client, _profile: profile };
        browser.set_view(view).await;
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A killed driver would leave its browsers running; a shutdown ends them first.
        let shutdown = ureq::get(format!("{}/shutdown", self.address)).config().timeout_global(Some(TIMEOUT)).build();
        let _ = shutdown.call();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An open browser.
pub struct Browser {
    pub client: Client,
    _profile: TempDir,
}

impl Browser {
    /// Sets size and color scheme by emulation, since a headless window cannot be narrower than 500 px.
    pub async fn set_view(&self, view: View) {
        let metrics = json!({ "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        self.media("", &[("prefers-color-scheme", if view.dark { "dark" } else { "light" })]).await;
    }

    /// Emulates a medium (`print`, or empty for the screen) and media features.
    pub async fn media(&self, media: &str, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": media, "features": features })).await;
    }

    /// Runs a script at the start of every page from now on, whatever the page's content security policy.
    pub async fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Presses and releases one key: a character, or a key of WebDriver (`fantoccini::key::Key`).
    pub async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let stroke =
            KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(stroke).await.expect("the key is pressed");
    }

    /// Types into the focused element.
    pub async fn write(&self, text: &str) {
        self.devtools("Input.insertText", json!({ "text": text })).await;
    }

    /// Moves the mouse over a link for half a second.
    pub async fn hover(&self, selector: &str) {
        let center = format!(
            "const link = document.querySelector({selector:?});
            link.scrollIntoView({{ block: 'center' }});
            const box = link.getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2];"
        );
        let center = self.run(&center).await;
        let (x, y) = (center[0].as_f64().expect("a coordinate"), center[1].as_f64().expect("a coordinate"));
        let mouse = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Pause { duration: Duration::from_millis(500) });
        self.client.perform_actions(mouse).await.expect("the mouse moves");
    }

    /// Scrolls to what the selector finds and clicks its center.
    pub async fn click(&self, selector: &str) {
        // The driver scrolls only as far as necessary, and the exit bar may cover the element there.
        self.run(&format!("document.querySelector({selector:?})?.scrollIntoView({{ block: 'center' }})")).await;
        let found = self.client.find(fantoccini::Locator::Css(selector)).await;
        found.unwrap_or_else(|_| panic!("`{selector}` is missing")).click().await.expect("the element can be clicked");
    }

    /// Runs the function body until it returns something true; while a page is replaced, it fails and is tried again.
    pub async fn wait_until(&self, what: &str, script: &str) -> Value {
        let end = Instant::now() + TIMEOUT;
        loop {
            match self.client.execute(script, vec![]).await {
                Ok(answer) if !matches!(answer, Value::Null | Value::Bool(false)) => return answer,
                last if Instant::now() > end => panic!("{what}: not within {TIMEOUT:?}, last answer {last:?}"),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Waits until a page whose path starts with `path` is loaded.
    pub async fn wait_for_path(&self, path: &str) {
        let there = format!("return document.readyState === 'complete' && location.pathname.startsWith({path:?})");
        self.wait_until(&format!("loading {path}"), &there).await;
    }

    /// A command of the `DevTools` protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.client.issue_cmd(Devtools(command.to_owned(), parameters)).await.expect("the browser supports the command")
    }

    pub async fn goto(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
    }

    /// Runs a function body in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.expect("the script runs")
    }

    /// The messages of the console since the last call: errors, policy reports, failed requests.
    pub async fn console(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.expect("the browser gives its log");
        log.as_array().map(|entries| entries.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    pub async fn close(self) {
        let _ = self.client.close().await;
    }
}

/// `POST /session/{id}/goog/cdp/execute`.
#[derive(Debug)]
struct Devtools(String, Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.expect("a session is open")))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.0, "params": self.1 }).to_string()))
    }
}

/// `POST /session/{id}/se/log`.
#[derive(Debug)]
struct BrowserLog;

impl fantoccini::wd::WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.expect("a session is open")))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
