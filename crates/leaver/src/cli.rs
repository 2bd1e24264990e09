//! The command line (architecture §7): names and meanings are a contract, scripts rely on them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;

/// The heading of the options that every command takes.
const GLOBAL: &str = "Options of every command";

/// Removes a collaborator from a Mixpanel organization, proves it, and keeps proving it.
#[derive(Debug, Parser)]
#[command(
    name = "leaver",
    version,
    max_term_width = 110,
    after_help = "\
Exit codes: 0 done; 1 not done, or a claim is broken; 2 wrong use; 3 waiting for a person; 4 vendor or network unavailable.
Every error has a code with a page in docs/errors."
)]
pub(crate) struct Cli {
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", default_value = "leaver.toml", env = "LEAVER_CONFIG", help_heading = GLOBAL)]
    pub(crate) config: PathBuf,
    /// Who acts: a person of the configuration. Without it, the configuration's 'me' acts.
    #[arg(long = "as", global = true, value_name = "PERSON", help_heading = GLOBAL)]
    pub(crate) acting: Option<String>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a whole removal against the built-in sandbox.
    Demo(Demo),
    /// Run the local twins of the vendors.
    Sandbox(SandboxArgs),
    /// Write a configuration.
    Init(Init),
    /// Check credentials, permissions and what can be read; sends reads only.
    Doctor,
    /// Show what a removal would do; sends reads only.
    Plan(PlanArgs),
    /// Open a case; unless it is an emergency, nothing is changed before somebody else approves it.
    Remove(Remove),
    /// Say yes to a case's plan; from then on a worker carries it out.
    Approve(Approve),
    /// Say no to a case's plan.
    Reject(WithWhy),
    /// Say yes, as a second person, to an emergency that one person started.
    Ratify(OfCase),
    /// Choose among a claim's options.
    Decide(Decide),
    /// Give one's word on a claim that no read can show.
    Attest(Attest),
    /// Take a case back.
    Cancel(WithWhy),
    /// Let the held cases of an organization go on.
    Release(Release),
    /// Learn with a test account which reads show a member come and go; sends reads only.
    Drill(Drill),
    /// Show cases, or one case.
    Status(Status),
    /// Read everything that a case says about the world again, now; sends reads only.
    Verify(OfCase),
    /// Hand evidence over, and check what was handed over.
    Evidence(Evidence),
    /// Watch other people's logs: sign each checkpoint that goes on where the last one was, and no other.
    Witness(WitnessArgs),
    /// Print lists of members.
    Members(Members),
    /// Print the tracker of removals.
    Tracker(Tracker),
    /// Take in what the vendor's audit log shows; a person exports it. Sends nothing.
    Audit(Audit),
    /// Every case of a period, compared with a register, the member list and the vendor's log; for auditors.
    Population(Population),
    /// How long cases are kept, legal holds, and the expiry by two people.
    Retention(Retention),
    /// The rules in force, and how weaker ones come into force: by two people.
    Policy(Policy),
    /// Carry out approved cases and repeat their checks: what is due, or all the time.
    Worker(Worker),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// A moment; a plain day is its beginning, in UTC.
fn time(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok().and_then(|day| format!("{day}T00:00:00Z").parse().ok());
    text.parse()
        .ok()
        .or_else(day)
        .ok_or_else(|| "a time is written 2027-01-31T17:00:00Z, and a day 2027-01-31: its beginning, in UTC".to_owned())
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The world to rehearse in.
    #[arg(long, default_value_t = 8)]
    pub(crate) seed: u64,
    /// A folder for database, evidence and configuration; kept afterwards. Without it, a new one among the temporary files.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Where to listen; loopback only.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: std::net::SocketAddr,
    /// The same seed gives the same world.
    #[arg(long, default_value_t = 8)]
    pub(crate) seed: u64,
    /// How many members.
    #[arg(long)]
    pub(crate) members: Option<usize>,
    /// How many projects.
    #[arg(long)]
    pub(crate) projects: Option<usize>,
    /// How many items of content.
    #[arg(long)]
    pub(crate) content: Option<usize>,
    /// A world that differs: names separated by commas.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAMES")]
    pub(crate) variant: String,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write leaver.toml.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The first line of 'leaver sandbox --json': writes a ready configuration for it.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_sandbox: Option<PathBuf>,
}

/// What a plan depends on.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// The leaver's address.
    pub(crate) email: String,
    /// The organization.
    #[arg(long)]
    pub(crate) org: String,
    /// Why: a slug such as project-completion, or an id such as REASON-1. Without it, project-completion is assumed.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// delete, revoke or reduce. Without it, the reason's usual method.
    #[arg(long)]
    pub(crate) method: Option<String>,
    /// emergency, immediate, standard or planned. Without it, the reason's usual urgency.
    #[arg(long)]
    pub(crate) urgency: Option<String>,
    /// The address of the person who takes the boards over. Without it, the organization's successor.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) successor: Option<String>,
    /// Who does the guided clicks. Without it, the organization's executor.
    #[arg(long, value_name = "PERSON")]
    pub(crate) executor: Option<String>,
    /// A project to leave, for --method reduce.
    #[arg(long, value_name = "ID")]
    pub(crate) project: Vec<u64>,
    /// A team to leave, by name or number, for --method reduce.
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Vec<String>,
    /// The organization role to lower to, for --method reduce: member, billing-admin or admin.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// Which content to copy, leave or drop: a TOML file of lines 'CLAIM = "copy"'.
    #[arg(long, value_name = "FILE")]
    pub(crate) choices: Option<PathBuf>,
}

/// `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) terms: Terms,
    /// Draw how the leaver reaches the organization: an SVG picture with every way in, coloured by what was seen. Where FILE ends with
    /// .json, the same as data: nodes, edges, and what was seen of each.
    #[arg(long, value_name = "FILE")]
    pub(crate) graph: Option<PathBuf>,
}

/// `remove`.
#[derive(Debug, Args)]
#[command(mut_arg("reason", |reason| {
    reason.required(true).help("Why: a slug such as project-completion, or an id such as REASON-1; a wrong one lists all")
}))]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) terms: Terms,
    /// The ticket that asks for it, such as OPS-7; it stands in the note.
    #[arg(long)]
    pub(crate) ticket: String,
    /// Not before this time, such as 2027-01-15T18:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<Timestamp>,
    /// When the work ended; access must be gone 24 hours later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) ended: Option<Timestamp>,
    /// When the organization came to know; the 24 hours count from the earlier of the two.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) known: Option<Timestamp>,
    /// Why, in words; no names.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// The statement of work or contract.
    #[arg(long, value_name = "REF")]
    pub(crate) sow: Option<String>,
    /// An original to keep: the approval mail, the ticket's export.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// Answer the question for the leaver's address with yes.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Insist on this very plan.
    #[arg(long, value_name = "HASH")]
    pub(crate) plan: Option<String>,
}

/// A case.
#[derive(Debug, Args)]
pub(crate) struct OfCase {
    /// The case, or the beginning of its id.
    pub(crate) case: String,
}

/// A case and why.
#[derive(Debug, Args)]
pub(crate) struct WithWhy {
    /// The case, or the beginning of its id.
    pub(crate) case: String,
    /// Why; no names.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
}

/// `approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The case, or the beginning of its id.
    pub(crate) case: String,
    /// Insist on this very plan.
    #[arg(long, value_name = "HASH")]
    pub(crate) plan: Option<String>,
    /// An original to keep.
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
}

/// `decide`.
#[derive(Debug, Args)]
pub(crate) struct Decide {
    /// The case, or the beginning of its id.
    pub(crate) case: String,
    /// The claim.
    pub(crate) claim: String,
    /// The choice: one of those that the plan shows for the claim, or accept-risk.
    #[arg(long, value_name = "OPTION")]
    pub(crate) choose: String,
    /// Why; no names.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Until when; needed for keep and accept-risk.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
}

/// `attest`.
#[derive(Debug, Args)]
pub(crate) struct Attest {
    /// The case, or the beginning of its id.
    pub(crate) case: String,
    /// The claim.
    pub(crate) claim: String,
    /// A file that shows it.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What was seen; no names.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    pub(crate) note: String,
}

/// `release`.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The organization.
    pub(crate) org: String,
    /// Why; no names.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
}

/// `drill`.
#[derive(Debug, Args)]
pub(crate) struct Drill {
    /// The organization.
    #[arg(long)]
    pub(crate) org: String,
    /// The address of a test account that nobody needs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) account: String,
    /// Give up after so many minutes.
    #[arg(long, default_value_t = 60)]
    pub(crate) minutes: i64,
}

/// `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The case, or the beginning of its id. Without it, every case.
    pub(crate) case: Option<String>,
    /// Follow the case until it is removed, closed or over.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// `evidence`.
#[derive(Debug, Args)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    pub(crate) what: EvidenceCommand,
}

/// What to do with evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Seal everything about a case in a folder that others can check without leaver.
    Export {
        /// The case, or the beginning of its id.
        case: String,
        /// The folder to make.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Store the last sealed pack of a case in the configured bucket with Object Lock, and read it back from there.
    Store {
        /// The case, or the beginning of its id.
        case: String,
        /// The pack that 'leaver evidence export' made.
        #[arg(long, value_name = "DIR")]
        pack: PathBuf,
    },
    /// Write what packs of this installation are checked against; hand it over once, on another way than the packs.
    Trust {
        /// The folder to make.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
    /// Check a pack; needs no configuration and no network.
    Verify {
        /// The pack.
        pack: PathBuf,
        /// The folder that 'leaver evidence trust' wrote, from somebody you trust.
        #[arg(long, value_name = "DIR")]
        trust: PathBuf,
    },
}

/// `witness`.
#[derive(Debug, Args)]
pub(crate) struct WitnessArgs {
    /// The folder for its key and what it saw last.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The key of a log to watch: the text after 'log' in the policy that 'leaver evidence trust' wrote there.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) log: Vec<String>,
    /// Where to listen. Plain HTTP: signatures protect what is said, not who hears it.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) listen: std::net::SocketAddr,
}

/// `members`.
#[derive(Debug, Args)]
pub(crate) struct Members {
    #[command(subcommand)]
    pub(crate) what: MembersCommand,
}

/// What to do with members.
#[derive(Debug, Subcommand)]
pub(crate) enum MembersCommand {
    /// Print the member list as CSV.
    Export {
        /// The organization.
        #[arg(long)]
        org: String,
        /// A new file instead of the standard output; where the list comes from is written beside it, as FILE.facts.json.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// `tracker`.
#[derive(Debug, Args)]
pub(crate) struct Tracker {
    #[command(subcommand)]
    pub(crate) what: TrackerCommand,
}

/// What to do with the tracker.
#[derive(Debug, Subcommand)]
pub(crate) enum TrackerCommand {
    /// Print every removal: date, administrator, requester, approver, ticket, justification, method, projects.
    Export {
        /// csv and json: one row a case; ocsf: one event for everything that was closed, one a line.
        #[arg(long, value_enum, default_value_t = TrackerFormat::Csv)]
        format: TrackerFormat,
        /// Only cases of this organization.
        #[arg(long)]
        org: Option<String>,
        /// Only cases that were opened at this time or later, such as 2027-01-01T00:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// Only cases that were opened before this time.
        #[arg(long, value_name = "TIME", value_parser = time)]
        until: Option<Timestamp>,
        /// A new file instead of the standard output; where the list comes from is written beside it, as FILE.facts.json.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// How the tracker is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TrackerFormat {
    /// A table with a heading.
    Csv,
    /// One JSON document.
    Json,
    /// Events of the Open Cybersecurity Schema Framework, one JSON object a line.
    Ocsf,
}

/// `population`.
#[derive(Debug, Args)]
pub(crate) struct Population {
    #[command(subcommand)]
    pub(crate) what: PopulationCommand,
}

/// What to do with the population.
#[derive(Debug, Subcommand)]
pub(crate) enum PopulationCommand {
    /// Write population.csv, exceptions.csv, sample.csv and facts.json to a new folder; 1 when somebody must look at something. Sends reads only.
    Export {
        /// The organization.
        #[arg(long)]
        org: String,
        /// From this time, such as 2027-01-01T00:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Timestamp,
        /// Until before this time.
        #[arg(long, value_name = "TIME", value_parser = time)]
        until: Timestamp,
        /// A CSV of ended engagements that somebody else keeps, with the columns address and ended.
        #[arg(long, value_name = "FILE")]
        register: Option<PathBuf>,
        /// Draw so many cases.
        #[arg(long, value_name = "COUNT", requires = "seed")]
        sample: Option<usize>,
        /// The text that decides which: the same text draws the same cases, anywhere.
        #[arg(long, value_name = "TEXT", requires = "sample")]
        seed: Option<String>,
        /// A new folder.
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
    },
}

/// `policy`.
#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) what: PolicyCommand,
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// The rules in force, what the configuration weakens and does not get alone, and every change with who stands for it.
    Show {
        /// Only this organization.
        #[arg(long)]
        org: Option<String>,
    },
    /// Agree to what the configuration weakens: one person asks, another one agrees.
    Accept {
        /// The organization.
        #[arg(long)]
        org: String,
    },
}

/// `retention`.
#[derive(Debug, Args)]
pub(crate) struct Retention {
    #[command(subcommand)]
    pub(crate) what: RetentionCommand,
}

/// What to do with what is kept.
#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// What is kept of each case, until when, and what would go: nothing is changed.
    List {
        /// Only cases of this organization.
        #[arg(long)]
        org: Option<String>,
    },
    /// Put a legal hold on a case: it does not expire.
    Hold {
        /// The case.
        case: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Remove raw answers and files that no case names: of plans that nobody opened, of lists. Counts them without --yes.
    Tidy {
        /// Only what is older; what is younger may belong to a case that is being opened.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
        days: u32,
        /// Remove them.
        #[arg(long)]
        yes: bool,
    },
    /// End a legal hold: one person asks, another one confirms.
    EndHold {
        /// The case.
        case: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
    /// Erase raw answers, files, words, titles and the name of a case whose time is over: one person asks, another one confirms.
    Expire {
        /// The case.
        case: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
}

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) what: AuditCommand,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Keep an export of Organization Settings > Audit Log, and compare it with our cases; 1 when somebody must look at something.
    Import {
        /// The export, CSV or NDJSON.
        file: PathBuf,
        /// The organization.
        #[arg(long)]
        org: String,
    },
}

/// `worker`.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// Do what is due now and end; exit code 3 says that a person is awaited.
    #[arg(long)]
    pub(crate) once: bool,
}
