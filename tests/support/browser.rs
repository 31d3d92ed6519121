//! A real browser: Debian's Chromium, driven by its own driver, one for a test binary.

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A driver process; it is killed when this is dropped.
pub struct Driver {
    child: Child,
    address: String,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    pub script: bool,
}

/// A phone by day.
pub const PHONE: View = View { width: 390, height: 844, dark: false, script: true };
/// A desk by day.
pub const DESK: View = View { width: 1280, height: 900, dark: false, script: true };

impl Driver {
    /// Starts the driver on a free port.
    pub fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: tests/run does it");
        let out = BufReader::new(child.stdout.take().expect("the output is ours"));
        let port = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("on port ").nth(1).and_then(|rest| rest.trim_end_matches('.').parse::<u16>().ok())
            })
            .expect("chromedriver says its port");
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
        let mut options = json!({ "args": arguments });
        if !view.script {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written above") };
        let client = ClientBuilder::rustls()
            .expect("the client's TLS is compiled in")
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .expect("chromium is installed: tests/run does it");
        let browser = Browser { client, _profile: profile };
        browser.look(view).await;
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
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
    /// Sets size and colour scheme as a device has them (a headless window cannot be narrower than 500 px).
    pub async fn look(&self, view: View) {
        let metrics = json!({ "width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if view.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// A command of the browser's own protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.client.issue_cmd(Devtools(command.to_owned(), parameters)).await.expect("the browser knows the command")
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
