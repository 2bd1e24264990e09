//! A sandbox in this process, a configuration for it in a temporary folder, and the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use leaver_sandbox::{ClockMode, Options, Sandbox, Variants, start};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What a command left: its exit code and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Everything that a person and a script see, as one text.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("exit {}", self.code);
        // What is said while the work goes on is no promise; the error is.
        let error = self.stderr.find("error[").map_or(self.stderr.as_str(), |at| &self.stderr[at..]);
        for (name, stream) in [("stdout", self.stdout.as_str()), ("stderr", error)] {
            if !stream.trim().is_empty() {
                write!(text, "\n-- {name}\n{}", stream.trim_end()).expect("a text takes everything");
            }
        }
        text
    }

    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.told()))
    }

    /// The document of a command that ended with this code.
    pub(crate) fn document(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{}", self.told());
        self.json()
    }
}

/// A sandbox with its configuration.
#[derive(Debug)]
pub(crate) struct World {
    // Dropped first, so that the sandbox ends before its folder goes.
    sandbox: Sandbox,
    runtime: Runtime,
    folder: TempDir,
}

impl World {
    /// The ordinary organization with a member list that shows everything.
    pub(crate) fn new() -> Self {
        Self::with("roster-list")
    }

    /// An organization that differs by these variants.
    pub(crate) fn with(variants: &str) -> Self {
        let variant = Variants::parse(variants).expect("a known variant");
        let runtime = Runtime::new().expect("a runtime");
        let sandbox = runtime
            .block_on(start(Options { clock: ClockMode::Running, variant, ..Options::default() }))
            .expect("a free loopback port");
        let world = Self { sandbox, runtime, folder: TempDir::new().expect("a temporary folder") };
        let mut description = serde_json::to_string(world.sandbox.description()).expect("a description is JSON");
        description.push('\n');
        world.write("sandbox.json", &description);
        let ran = world.run(&["init", "--from-sandbox", "sandbox.json"]);
        assert_eq!(ran.code, 0, "{}", ran.told());
        world
    }

    /// The folder with `leaver.toml`; commands run in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A place in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;

        let path = self.path(name);
        std::fs::write(&path, text).expect("the temporary folder takes files");
        if name.starts_with("secrets/") {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its owner's alone");
        }
    }

    /// The configuration that `init` wrote.
    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.path("leaver.toml")).expect("init wrote it")
    }

    /// Writes a configuration beside the good one, with one text replaced, and returns its name.
    pub(crate) fn config_with(&self, from: &str, to: &str) -> &'static str {
        let text = self.config();
        assert_eq!(text.matches(from).count(), 1, "'{from}' stands once in\n{text}");
        self.write("other.toml", &text.replace(from, to));
        "other.toml"
    }

    /// The binary, in the folder, without anything of the caller's environment that it listens to.
    pub(crate) fn command(&self) -> Command {
        let mut command = binary();
        command.current_dir(self.folder());
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command().args(arguments))
    }

    /// Runs the binary, and insists that nothing changed outside and that no case came or went.
    pub(crate) fn refused(&self, arguments: &[&str]) -> Ran {
        let before = (self.acted(), self.cases());
        let ran = self.run(arguments);
        assert_ne!(ran.code, 0, "it was to be refused: {}", ran.told());
        assert_eq!((self.acted(), self.cases()), before, "{}", ran.told());
        ran
    }

    /// The leaver of the story.
    pub(crate) fn leaver(&self) -> &str {
        &self.sandbox.description().people.leaver
    }

    /// An owner of the organization.
    pub(crate) fn owner(&self) -> &str {
        &self.sandbox.description().people.owner
    }

    /// Who clicks.
    pub(crate) fn executor(&self) -> &str {
        &self.sandbox.description().people.executor
    }

    /// Somebody whose address looks like the leaver's.
    pub(crate) fn lookalike(&self) -> &str {
        &self.sandbox.description().people.lookalike
    }

    /// Writes the good configuration anew, with one more line in the section of the organization.
    pub(crate) fn configure(&self, line: &str) {
        let config = self.config_with("claimed_domains = ", &format!("{line}\nclaimed_domains = "));
        std::fs::rename(self.path(config), self.path("leaver.toml")).expect("the temporary folder takes files");
    }

    /// What the control interface answers, for a sandbox's faults and persons.
    pub(crate) fn control(&self, path: &str, body: &Value) {
        let address = format!("{}/_sandbox/{path}", self.sandbox.description().control.base_url);
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let answer = client.post(address).json(body).send().await.expect("the twin answers");
            assert!(answer.status().is_success(), "{}", answer.status());
        });
    }

    /// The vendor's audit log as its page exports it, one JSON object a line.
    pub(crate) fn exported_log(&self) -> String {
        let control = &self.sandbox.description().control.base_url;
        let page = format!("{control}/settings/org/audit-log/export?as={}&format=ndjson", self.executor());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let answer = client.get(page).send().await.expect("the twin answers").error_for_status().expect("a file");
            answer.text().await.expect("text")
        })
    }

    /// Sends one request with these credentials and returns its status.
    pub(crate) fn asked_as(&self, path: &str, username: &str, secret: &str) -> u16 {
        let address = format!("{}{path}", self.base_url());
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            client.get(address).basic_auth(username, Some(secret)).send().await.expect("an answer").status().as_u16()
        })
    }

    /// Runs something that waits for answers.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs something beside the test.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Does every guided click of the story at once, as the executor, and gives the words that only a person can give for access.
    pub(crate) fn click_everything(&self, case: &str) {
        let executor = &self.sandbox.description().people.executor;
        let leaver = self.leaver();
        let document = self.run(&["status", case, "--json"]).document(0);
        for claim in document["claims"].as_array().expect("claims") {
            let key = claim["key"].as_str().expect("a key");
            let last = key.rsplit_once('=').map_or("", |(_, last)| last);
            if key.starts_with("public-link.gone") {
                self.control("person", &json!({"as": executor, "does": "disable-public-link", "target": last}));
            } else if key.starts_with("share.gone") {
                let kind = key.rsplit(':').next().and_then(|part| part.split_once('=')).expect("a kind").0;
                let target = if kind == "board" { last.to_owned() } else { format!("{kind}/{last}") };
                let deed = json!({"as": executor, "does": "unshare", "target": target, "address": leaver});
                self.control("person", &deed);
            } else if key == "invitations.gone" {
                self.write("screen.png", "a picture of the screen");
                let note = format!("none is left for {leaver}");
                let word = ["attest", case, key, "--note", &note, "--file", "screen.png", "--as", "executor"];
                self.run(&word);
            } else if key == "service-accounts.gone" {
                let why = format!("{leaver} moved them");
                self.run(&["decide", case, key, "--choose", "callers-moved", "--why", &why, "--as", "executor"]);
            }
        }
        // Where an automation is, the guided step says.
        let told = self.run(&["status", case]).stdout;
        for line in told.lines().filter(|line| line.contains("found: automation ")) {
            let id = line.split_once("(id ").and_then(|(_, rest)| rest.split_once(')')).expect("an id").0;
            self.control("person", &json!({"as": executor, "does": "pause-automation", "target": id}));
        }
        self.control("person", &json!({"as": executor, "does": "delete-member", "target": leaver}));
    }

    /// Who takes the boards over.
    pub(crate) fn successor(&self) -> &str {
        &self.sandbox.description().people.successor
    }

    /// The address of the twin.
    pub(crate) fn base_url(&self) -> &str {
        &self.sandbox.description().mixpanel.base_url
    }

    /// What the control interface shows: `state` is the truth, `requests` the log.
    pub(crate) fn shown(&self, what: &str) -> Value {
        let address = format!("{}/_sandbox/{what}", self.sandbox.description().control.base_url);
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let answer = client.get(address).send().await.expect("the twin answers");
            answer.json::<Value>().await.expect("it is JSON")
        })
    }

    /// Every request that the twin got.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.shown("requests")["requests"].as_array().expect("a list").clone()
    }

    /// The secrets that the configuration was made with.
    pub(crate) fn secrets(&self) -> [&str; 2] {
        let mixpanel = &self.sandbox.description().mixpanel;
        [&mixpanel.service_account.secret, &mixpanel.scim.token]
    }

    /// Lets time pass on the sandbox's clock, which is the binary's too; its limits by the minute start anew.
    pub(crate) fn pass(&self, seconds: u32) {
        let address = format!("{}/_sandbox/clock", self.sandbox.description().control.base_url);
        let body = serde_json::json!({ "advance": seconds });
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let answer = client.post(address).json(&body).send().await.expect("the twin answers");
            assert!(answer.status().is_success());
        });
    }

    /// The requests that changed the twin.
    pub(crate) fn acted(&self) -> Vec<Value> {
        self.requests().into_iter().filter(|request| request["acted"] == true).collect()
    }

    /// How many cases there are.
    pub(crate) fn cases(&self) -> usize {
        self.run(&["status", "--json"]).document(0).as_array().expect("a list of cases").len()
    }

    /// Opens a case for the leaver and returns its id.
    pub(crate) fn opened(&self) -> String {
        let leaver = self.leaver();
        let opened = self.run(&[
            "remove",
            leaver,
            "--org",
            "sandbox",
            "--reason",
            "project-completion",
            "--ticket",
            "OPS-7",
            "--yes",
            "--json",
        ]);
        opened.document(3)["case"].as_str().expect("an id").to_owned()
    }

    /// Opens a case, has it approved and carried out until it waits for a person.
    pub(crate) fn running(&self) -> String {
        let case = self.opened();
        let approved = self.run(&["approve", &case, "--as", "approver"]);
        assert!([0, 3].contains(&approved.code), "{}", approved.told());
        let worked = self.run(&["worker", "--once"]);
        assert_eq!(worked.code, 3, "{}", worked.told());
        case
    }

    /// Ends the sandbox: from now on nothing answers.
    pub(crate) fn stop(self) -> (TempDir, Runtime) {
        self.runtime.block_on(self.sandbox.stop()).expect("the sandbox stops");
        (self.folder, self.runtime)
    }
}

/// The binary, without anything of the caller's environment that it listens to.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("leaver"));
    for name in ["LEAVER_CONFIG", "LEAVER_LOG", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("everything printed is UTF-8");
    Ran {
        code: output.status.code().expect("no signal ended it"),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// Compares what was told with a snapshot, without what differs from run to run.
#[macro_export]
macro_rules! told {
    ($world:expr, $ran:expr, @$expected:literal) => {{
        let mut settings = insta::Settings::new();
        let folder = $world.folder().display().to_string();
        settings.add_filter(&folder.replace('.', r"\."), "[folder]");
        settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
        settings.add_filter(r"case_[0-9a-f]{32}", "case_[id]");
        settings.add_filter(r"\b[0-9a-f]{64}\b", "[hash]");
        settings.add_filter(r"\b[0-9a-f]{12}\b", "[short hash]");
        settings.add_filter(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)?", "[time]");
        settings.bind(|| insta::assert_snapshot!($ran.told(), @$expected));
    }};
}
