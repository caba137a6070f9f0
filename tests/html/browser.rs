//! A real browser, told what to do over the pipes of the DevTools protocol.
//!
//! Two pipes and JSON need no crate: those that speak this protocol bring a WebSocket client and generated code of tens of
//! thousands of lines.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::peers;

const CHROMIUM: &str = "/usr/bin/chromium";

/// A browser with one tab.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    /// What was read and is no whole message yet.
    read: Vec<u8>,
    next: u64,
    session: Option<String>,
    /// What the browser told since the last page was opened.
    pub(crate) events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser, unless none is installed, which is said.
    #[track_caller]
    pub(crate) fn start(test: &str) -> Option<Browser> {
        if !peers::are_installed(&[CHROMIUM], test) {
            return None;
        }
        let profile = tempfile::tempdir().unwrap();
        // The browser reads commands from descriptor 3 and writes to 4. It is not shielded from its own user, who may be
        // root here; it opens files of the tests alone.
        let script = "exec 3<&0 4>&1; exec \"$0\" \"$@\" </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script, CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--remote-debugging-pipe", "--no-first-run", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut browser = Browser {
            child,
            to,
            from,
            read: Vec::new(),
            next: 0,
            session: None,
            events: Vec::new(),
            _profile: profile,
        };
        let tab = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": tab["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attached);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// The answer to a command.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.to.write_all(&text).unwrap();
        loop {
            let message = self.message();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn message(&mut self) -> Value {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == 0) {
                let rest = self.read.split_off(end + 1);
                let text = std::mem::replace(&mut self.read, rest);
                return serde_json::from_slice(&text[..end]).unwrap();
            }
            let mut part = vec![0; 1 << 16];
            let read = self.from.read(&mut part).unwrap();
            assert!(read > 0, "the browser has ended");
            self.read.extend(&part[..read]);
        }
    }

    /// Shows the page of a file at a width and in a scheme of colours, and waits until its script is through.
    pub(crate) fn open(&mut self, page: &Path, width: u32, scheme: &str) {
        let metrics = json!({
            "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600
        });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
        self.navigate(&format!("file://{}", page.display()));
        self.until(
            "[...document.querySelectorAll('#count')].every(count => count.textContent !== '')",
        );
    }

    /// Goes to an address, and waits until its page is loaded.
    pub(crate) fn navigate(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.message();
            self.events.push(event);
        }
    }

    /// What a page next writes to its console, on whichever page the browser is by then.
    pub(crate) fn console(&mut self) -> String {
        let mut events = std::mem::take(&mut self.events).into_iter();
        loop {
            let event = events.next().unwrap_or_else(|| self.message());
            if event["method"] == "Runtime.consoleAPICalled" {
                return event["params"]["args"][0]["value"].as_str().unwrap().to_owned();
            }
        }
    }

    /// The value of an expression.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true, which the page looks at between its own tasks.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let reached = self.eval(&format!(
            "new Promise(done => {{ const begun = Date.now(); const look = () => {{ \
             if ({expression}) done(true); else if (Date.now() - begun > 60000) done(false); \
             else setTimeout(look, 10); }}; look(); }})"
        ));
        assert_eq!(reached, true, "{expression}");
    }

    /// Resident memory of the process that shows the page, in bytes.
    pub(crate) fn renderer_memory(&mut self) -> u64 {
        let session = self.session.take();
        let processes = self.call("SystemInfo.getProcessInfo", json!({}));
        self.session = session;
        let processes = processes["processInfo"].as_array().unwrap();
        let renderers = processes.iter().filter(|process| process["type"] == "renderer");
        let memory = renderers.map(|process| {
            let status = fs::read_to_string(format!("/proc/{}/status", process["id"])).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
        });
        memory.max().unwrap()
    }

    /// A picture of the page's upper part, if somebody wants to look at it: `ORGSNAP_SCREENSHOTS` names the folder.
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("ORGSNAP_SCREENSHOTS") else { return };
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let height = size["height"].as_f64().unwrap().min(6_000.0);
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1 });
        let picture = self
            .call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip }));
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// The page as it is printed.
    pub(crate) fn pdf(&mut self) -> Vec<u8> {
        let options = json!({ "preferCSSPageSize": true });
        let printed = self.call("Page.printToPDF", options);
        STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        peers::end(&mut self.child);
    }
}
