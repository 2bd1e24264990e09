//! What a person sees when something is wrong: what, where, what to do, and a code with a page.

use std::fmt;

use leaver_connectors::mixpanel::audit::Refused as NoLog;
use leaver_core::decide::Rejection;
use leaver_engine::Error as EngineError;

/// The exit codes (architecture §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Not done, or a claim is broken.
    NotDone,
    /// Wrong use.
    WrongUse,
    /// Waiting for a person.
    Waiting,
    /// A vendor or the network is unavailable, or the answer is unknown.
    Unavailable,
}

impl Exit {
    /// The number for the shell.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotDone => 1,
            Self::WrongUse => 2,
            Self::Waiting => 3,
            Self::Unavailable => 4,
        }
    }
}

/// One clear error.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The stable code; `docs/errors/CODE.md` explains it.
    pub(crate) code: String,
    /// What is wrong and where, in one sentence.
    pub(crate) what: String,
    /// The causes, outermost first.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// The exit code.
    pub(crate) exit: Exit,
}

impl Failure {
    /// Wrong use: nothing was done.
    pub(crate) fn usage(code: &str, what: impl Into<String>) -> Self {
        Self { code: code.to_owned(), what: what.into(), causes: Vec::new(), hint: None, exit: Exit::WrongUse }
    }

    /// Something could not be done.
    pub(crate) fn not_done(code: &str, what: impl Into<String>) -> Self {
        Self { exit: Exit::NotDone, ..Self::usage(code, what) }
    }

    /// With what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the error that caused it.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        self.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            self.causes.push(cause.to_string());
            source = cause.source();
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.what)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        use leaver_core::planner::Refusal;
        use leaver_core::reading::Failure as Unread;

        let code = error.code().to_owned();
        let mut failure = Self::not_done(&code, error.to_string());
        let mut source = std::error::Error::source(&error);
        if !matches!(error, EngineError::Rejected(_) | EngineError::Refused(_)) {
            while let Some(cause) = source {
                failure.causes.push(cause.to_string());
                source = cause.source();
            }
        }
        match &error {
            EngineError::Refused(Refusal::Unknown { similar, .. }) => {
                failure.exit = Exit::WrongUse;
                failure.hint = Some(if similar.is_empty() {
                    "check the address; 'leaver members export --org ORG' lists everybody".to_owned()
                } else {
                    let list: Vec<String> = similar.iter().map(ToString::to_string).collect();
                    format!("did you mean {}?", list.join(" or "))
                });
            }
            EngineError::Refused(Refusal::Team { known, .. }) => {
                failure.exit = Exit::WrongUse;
                failure.hint = Some(format!("it has {}", known.join(", ")));
            }
            EngineError::Refused(Refusal::Ambiguous { .. } | Refusal::Yourself(_) | Refusal::OwnCredential(_))
            | EngineError::NoOrganization(_) => failure.exit = Exit::WrongUse,
            EngineError::NoCase(_) | EngineError::ManyCases(_) => {
                failure.exit = Exit::WrongUse;
                failure.hint = Some("'leaver status' lists every case".to_owned());
            }
            EngineError::NothingHeld(_) => {
                failure.hint = Some("'leaver status' lists every case with its state".to_owned());
            }
            EngineError::OpenCase(id) => {
                failure.exit = Exit::WrongUse;
                failure.hint =
                    Some(format!("'leaver status {id}' shows it, 'leaver cancel {id} --why TEXT' takes it back"));
            }
            EngineError::Refused(Refusal::WrongRegion(_)) => {
                failure.hint = Some("compare 'region' and 'id' of the organization in leaver.toml with the address of your Mixpanel pages".to_owned());
            }
            EngineError::Refused(Refusal::Unread { failure: Unread::Unauthorized, .. }) => {
                failure.hint = Some("the service account is wrong, deleted or expired, or 'region' is wrong: 'leaver doctor' asks the other regions".to_owned());
            }
            EngineError::Refused(Refusal::Unread { failure: unread, .. }) => {
                if matches!(unread, Unread::Forbidden | Unread::NotFound) {
                    failure.hint = Some("'leaver doctor' shows what the service account may see".to_owned());
                } else {
                    failure.exit = Exit::Unavailable;
                    failure.hint =
                        Some("nothing was changed: try again later; 'leaver doctor' shows what answers".to_owned());
                }
            }
            EngineError::Rejected(rejection) => {
                let (exit, hint) = refused(rejection);
                failure.exit = exit;
                failure.hint = hint.map(str::to_owned);
            }
            EngineError::AuditFile(refused) => {
                failure.exit = Exit::WrongUse;
                failure.hint = Some(about(refused).to_owned());
            }
            EngineError::Archive(_) => {
                failure.hint = Some("check the folder of 'evidence', its permissions and the free space".to_owned());
            }
            EngineError::LostKey { .. } => {
                failure.hint = Some("put the files back into the folder of keys beside the database".to_owned());
            }
            EngineError::Store(_)
            | EngineError::Append(_)
            | EngineError::BadHistory { .. }
            | EngineError::Encode(_)
            | EngineError::ClockBackwards { .. } => {}
        }
        failure
    }
}

/// What to do about a file that is no audit log.
fn about(refused: &NoLog) -> &'static str {
    match refused {
        NoLog::Empty => "export again: Organization Settings > Audit Log, with a range that shows events",
        NoLog::Packed(_) => "unpack it first",
        NoLog::Encoding(_) | NoLog::NotUtf8 { .. } => {
            "import the file as the vendor gave it: a spreadsheet that opened and saved it may have changed it"
        }
        NoLog::Columns { .. } | NoLog::Format(_) | NoLog::NoEvent { .. } => {
            "export from Organization Settings > Audit Log, as CSV or NDJSON, and import the file unchanged"
        }
        NoLog::OtherOrganization { .. } => "--org names the organization; compare its 'id' in leaver.toml",
        NoLog::Read(_) | NoLog::Copy(_) => "nothing was imported: repeat the command",
    }
}

/// What a refused command means for the shell, and what to do about it.
fn refused(rejection: &Rejection) -> (Exit, Option<&'static str>) {
    match rejection {
        Rejection::Duty { .. } => (Exit::WrongUse, Some("somebody else must: --as PERSON says who acts")),
        Rejection::NoClaim(_) => (Exit::WrongUse, Some("'leaver status CASE' shows the key of every claim")),
        Rejection::NoOption { .. } => (Exit::WrongUse, None),
        Rejection::NoExpiry => (Exit::WrongUse, Some("give --until TIME, such as 2027-01-15T00:00:00Z")),
        Rejection::NoFile(_) => (Exit::WrongUse, Some("give --file FILE: a screenshot, a mail, an export")),
        Rejection::Passing { .. } => (
            Exit::NotDone,
            Some(
                "wait: leaver reads it again by itself; for a risk that cannot wait: leaver decide CASE CLAIM --choose accept-risk",
            ),
        ),
        Rejection::OtherPlan { .. } => (Exit::NotDone, Some("look at the plan again: leaver status CASE")),
        Rejection::TooEarly { .. } => {
            (Exit::NotDone, Some("'leaver status CASE' shows each; access does not wait for this"))
        }
        Rejection::Readable { .. } => (Exit::NotDone, Some("make it true; leaver reads it by itself")),
        Rejection::OneAlone => (Exit::Waiting, Some("somebody else must: --as PERSON says who acts")),
        Rejection::NothingWeaker => (Exit::NotDone, Some("'leaver policy show' says what is in force")),
        Rejection::OnHold => {
            (Exit::NotDone, Some("two people end a legal hold: leaver retention end-hold CASE --why TEXT"))
        }
        Rejection::Kept { .. } => (Exit::NotDone, Some("'leaver retention list' shows until when each case is kept")),
        Rejection::WrongState { .. } | Rejection::Blocked { .. } | Rejection::Expired(_) | Rejection::NoHold => {
            (Exit::NotDone, None)
        }
    }
}
