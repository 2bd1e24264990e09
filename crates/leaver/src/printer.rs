//! The only place that writes to the terminal: data to stdout, talk to stderr.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use leaver_engine::Progress;
use serde::Serialize;

use crate::failure::Failure;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    /// One JSON document instead of text for people.
    pub(crate) json: bool,
}

#[expect(clippy::unused_self, reason = "the one way to the terminal is a value that is handed around")]
impl Printer {
    /// Data for people.
    pub(crate) fn data(self, text: &str) {
        let mut out = anstream::stdout().lock();
        // A reader that went away is no error (`leaver plan .. | head`).
        let _gone = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Data for programs: one JSON document.
    pub(crate) fn document(self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::not_done("L304", "the document cannot be written as JSON").because(&error))?;
        self.data(&text);
        Ok(())
    }

    /// Talk.
    pub(crate) fn say(self, text: &str) {
        let mut err = anstream::stderr().lock();
        let _gone = writeln!(err, "{text}");
    }

    /// An error: for people on stderr, for programs as a document on stdout too.
    pub(crate) fn fail(self, failure: &Failure) {
        self.say(&failure.to_string());
        if self.json {
            let document = serde_json::json!({
                "error": {"code": failure.code, "what": failure.what, "because": failure.causes, "hint": failure.hint},
            });
            self.data(&document.to_string());
        }
    }

    /// Asks a question on the terminal; `None` when there is nobody to ask.
    pub(crate) fn ask(self, question: &str) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        dialoguer::Input::<String>::new().with_prompt(question).allow_empty(true).interact_text().ok()
    }

    /// Whether somebody sees what is said.
    pub(crate) fn is_watched(self) -> bool {
        io::stderr().is_terminal()
    }

    /// A bar for long work.
    pub(crate) fn bar(self) -> Bar {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len} {wide_bar}") {
            bar.set_style(style);
        }
        bar.set_message("reading");
        Bar { drawn: bar, printer: self, last: Mutex::new(String::new()) }
    }
}

/// A progress bar on stderr; lines of talk above it.
#[derive(Debug)]
pub(crate) struct Bar {
    drawn: ProgressBar,
    printer: Printer,
    last: Mutex<String>,
}

impl Progress for Bar {
    fn read(&self, done: usize, of: usize) {
        self.drawn.set_length(u64::try_from(of).unwrap_or(u64::MAX));
        self.drawn.set_position(u64::try_from(done).unwrap_or(0));
        if done == of {
            self.drawn.reset();
            self.drawn.set_length(0);
        }
    }

    fn says(&self, what: &str) {
        if let Ok(mut last) = self.last.lock() {
            if *last == what {
                return;
            }
            what.clone_into(&mut last);
        }
        self.drawn.suspend(|| self.printer.say(&format!("  {what}")));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}
