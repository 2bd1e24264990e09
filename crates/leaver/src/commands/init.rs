//! Writes a configuration, with comments; from a running sandbox, a ready one with its people.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Deserialize;

use crate::cli::Init;
use crate::failure::{Exit, Failure};
use crate::log::LogFolder;
use crate::printer::Printer;

/// What a sandbox says of itself on its first line.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    mixpanel: DescribedMixpanel,
    okta: Option<DescribedOkta>,
    entra: Option<DescribedEntra>,
    google: Option<DescribedGoogle>,
    control: DescribedControl,
    people: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct DescribedMixpanel {
    base_url: String,
    organization_id: u64,
    service_account: DescribedAccount,
    scim: Option<DescribedScim>,
}

#[derive(Debug, Deserialize)]
struct DescribedAccount {
    username: String,
    secret: String,
}

#[derive(Debug, Deserialize)]
struct DescribedScim {
    base_url: String,
    token: String,
}

#[derive(Debug, Deserialize)]
struct DescribedOkta {
    base_url: String,
    token: String,
    application_id: String,
}

#[derive(Debug, Deserialize)]
struct DescribedEntra {
    base_url: String,
    login_url: String,
    tenant: String,
    client_id: String,
    client_secret: String,
    application_id: String,
}

#[derive(Debug, Deserialize)]
struct DescribedGoogle {
    base_url: String,
    identity_url: String,
    token_url: String,
    customer: String,
    application: String,
    groups: Vec<String>,
    service_account: String,
    subject: String,
    private_key: String,
}

#[derive(Debug, Deserialize)]
struct DescribedControl {
    base_url: String,
}

const TEMPLATE: &str = r#"# leaver.toml: paths are relative to this file; secrets stand in files or variables, never here.

# Who acts when --as is not given: one of [people].
me = "requester"
database = "leaver.db"
evidence = "evidence"

# Who outside sees the log, so that nobody here can rewrite it: 'leaver witness' run by somebody else.
# [witness]
# quorum = 1
# [witness.outside.audit]
# url = "http://witness.example:8080/"
# key = "..."            # the line that it prints when it starts
# [time_stamp]           # an RFC 3161 authority that stamps every pack
# url = "http://timestamp.example/"
# roots = "tsa-root.pem"
# [anchor.git]           # a repository of somebody else that gets every checkpoint
# remote = "git@git.example:audit/leaver-checkpoints.git"

# Everybody who takes part in a removal. The names are yours to choose.
[people.requester]
address = "requester@example.com"
[people.approver]
address = "approver@example.com"
[people.executor]        # an owner of the organization, who clicks where no interface can
address = "owner@example.com"
[people.successor]       # takes the boards over
address = "successor@example.com"

[organizations.main]
id = 0                   # the number in the address of Organization Settings
region = "us"            # us, eu or in
own_domains = ["example.com"]
# The domains that SCIM reaches. Where an identity provider owns SCIM, leave [organizations.main.scim] out:
# making a new SCIM token in Mixpanel cuts the provider off.
claimed_domains = []
requester = "requester"
approver = "approver"
executor = "executor"
successor = "successor"
# Where the secret of a replaced service account goes: one of
# secrets = { folder = "handed-over" }
# secrets = { age = { recipient = "age1...", folder = "handed-over" } }
# secrets = { command = ["vault-put"] }       # reads it from its standard input
# secrets = { page = "127.0.0.1:0" }          # shows it once, on this machine

# Organization Settings > Service Accounts > Add: organization role Owner, project role Owner in every project.
[organizations.main.service_account]
username = ""
secret = { file = "secrets/service-account" }   # or { env = "MIXPANEL_SECRET" }

# Where Okta gives people the Mixpanel application, leaver closes every way of the leaver into it before the account goes.
# [organizations.main.okta]
# base_url = "https://example.okta.com"
# application = "0oa..."                       # Applications > Mixpanel: the id in the address of the page
# token = { file = "secrets/okta" }            # Security > API > Tokens; see docs/setup.md for the role it needs

# The same where Microsoft Entra ID does it; only one of these sections.
# [organizations.main.entra]
# tenant = "00000000-..."                      # Entra admin center > Overview: Tenant ID
# application = "00000000-..."                 # Enterprise applications > Mixpanel > Properties: Object ID
# client_id = "00000000-..."                   # App registrations > leaver > Overview; see docs/setup.md for its permissions
# client_secret = { file = "secrets/entra" }
# The same where Google Workspace does it.
# [organizations.main.google]
# application = "Mixpanel"                     # Apps > Web and mobile apps: what the application is called
# groups = ["mixpanel@example.com"]            # every group for which it is ON: no interface shows them
# service_account = "leaver@project.iam.gserviceaccount.com"
# subject = "admin@example.com"                # the administrator whom it acts for; see docs/setup.md for the scopes
# private_key = { file = "secrets/google" }    # the key's private_key, as PEM
# The same where the provider's own directory can be read by SCIM 2.0.
# [organizations.main.directory]
# base_url = "https://id.example.com/scim/v2"
# groups = ["mixpanel"]                        # the groups that give Mixpanel there
# token = { file = "secrets/directory" }
# Any other provider: a person closes the ways there, with its screens named, and attests it.
# [organizations.main.provider]
# kind = "google"                              # google, onelogin, ping, jumpcloud or other

# Boards are copied with this login of the successor, so that the copies are theirs; without it they belong to the service account.
# [organizations.main.successor_login]
# bearer = { file = "secrets/successor" }

# Rules that differ from the defaults.
# [organizations.main.policy]
# two_person = false
# settle_seconds = 2
# recent_edit_days = 30
# audit_log_days = 90
# retention_years = 7
"#;

pub(crate) fn run(arguments: &Init, printer: Printer) -> Result<Exit, Failure> {
    let path = match &arguments.from_sandbox {
        None => {
            let path = arguments.dir.join("leaver.toml");
            write_new(&path, TEMPLATE.as_bytes(), 0o644)?;
            path
        }
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Failure::usage("L011", format!("{} cannot be read", file.display())).because(&error)
            })?;
            let first = text.lines().next().unwrap_or_default();
            let described: Described = serde_json::from_str(first).map_err(|error| {
                Failure::usage("L022", format!("{} does not start with a sandbox's description", file.display()))
                    .because(&error)
                    .hint("leaver sandbox --json > sandbox.json")
            })?;
            from_sandbox(&arguments.dir, &described)?
        }
    };
    LogFolder::beside(&arguments.dir.join("leaver.db"))?;
    if printer.json {
        printer.document(&serde_json::json!({ "config": path }))?;
    } else {
        printer.say(&format!("wrote {}", path.display()));
        if arguments.from_sandbox.is_none() {
            printer.say("fill in the organization and its people, put the secret into secrets/service-account, then run 'leaver doctor'");
        }
    }
    Ok(Exit::Done)
}

/// Writes a ready configuration for a sandbox and returns its path.
pub(crate) fn from_sandbox(dir: &Path, described: &Described) -> Result<std::path::PathBuf, Failure> {
    let path = dir.join("leaver.toml");
    if path.exists() {
        return Err(Failure::usage("L023", format!("{} is there already", path.display()))
            .hint("nothing is overwritten: take the old one away first, or give another --dir"));
    }
    let person = |role: &str| described.people.get(role).cloned().unwrap_or_default();
    let domain = |address: &str| address.split_once('@').map_or_else(String::new, |(_, domain)| domain.to_owned());
    let own = domain(&person("owner"));
    let mut text = String::from("# Written for a sandbox: a rehearsal, evidence of nothing.\n\nme = \"requester\"\n");
    let mut add = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    add(format!("\n[clock]\nsource = \"{}\"", described.control.base_url));
    for role in ["requester", "approver", "executor", "successor", "owner"] {
        add(format!("\n[people.{role}]\naddress = \"{}\"", person(role)));
    }
    add(format!(
        "\n[organizations.sandbox]\nid = {}\nbase_url = \"{}\"\nown_domains = [\"{own}\"]\nclaimed_domains = [\"{own}\"]",
        described.mixpanel.organization_id, described.mixpanel.base_url
    ));
    add("requester = \"requester\"\napprover = \"approver\"\nexecutor = \"executor\"\nsuccessor = \"successor\""
        .to_owned());
    add(format!(
        "\n[organizations.sandbox.service_account]\nusername = \"{}\"\nsecret = {{ file = \"secrets/sandbox\" }}",
        described.mixpanel.service_account.username
    ));
    if let Some(scim) = &described.mixpanel.scim {
        add(format!(
            "\n[organizations.sandbox.scim]\nbase_url = \"{}\"\ntoken = {{ file = \"secrets/sandbox-scim\" }}",
            scim.base_url
        ));
        write_new(&dir.join("secrets/sandbox-scim"), scim.token.as_bytes(), 0o600)?;
    }
    if let Some(okta) = &described.okta {
        add(format!(
            "\n[organizations.sandbox.okta]\nbase_url = \"{}\"\napplication = \"{}\"\ntoken = {{ file = \"secrets/sandbox-okta\" }}",
            okta.base_url, okta.application_id
        ));
        write_new(&dir.join("secrets/sandbox-okta"), okta.token.as_bytes(), 0o600)?;
    }
    if let Some(entra) = &described.entra {
        add("\n# The twin of Entra stands beside it: take the section above out, and the first sign off each of these lines.".to_owned());
        for line in [
            "[organizations.sandbox.entra]".to_owned(),
            format!("base_url = \"{}\"", entra.base_url),
            format!("login_url = \"{}\"", entra.login_url),
            format!("tenant = \"{}\"", entra.tenant),
            format!("application = \"{}\"", entra.application_id),
            format!("client_id = \"{}\"", entra.client_id),
            "client_secret = { file = \"secrets/sandbox-entra\" }".to_owned(),
        ] {
            add(format!("# {line}"));
        }
        write_new(&dir.join("secrets/sandbox-entra"), entra.client_secret.as_bytes(), 0o600)?;
    }
    if let Some(google) = &described.google {
        add("\n# And the twin of Google, likewise.".to_owned());
        for line in [
            "[organizations.sandbox.google]".to_owned(),
            format!("base_url = \"{}\"", google.base_url),
            format!("identity_url = \"{}\"", google.identity_url),
            format!("token_url = \"{}\"", google.token_url),
            format!("customer = \"{}\"", google.customer),
            format!("application = \"{}\"", google.application),
            format!("groups = {:?}", google.groups),
            format!("service_account = \"{}\"", google.service_account),
            format!("subject = \"{}\"", google.subject),
            "private_key = { file = \"secrets/sandbox-google\" }".to_owned(),
        ] {
            add(format!("# {line}"));
        }
        write_new(&dir.join("secrets/sandbox-google"), google.private_key.as_bytes(), 0o600)?;
    }
    write_new(&dir.join("secrets/sandbox"), described.mixpanel.service_account.secret.as_bytes(), 0o600)?;
    write_new(&path, text.as_bytes(), 0o644)?;
    Ok(path)
}

/// Writes a file that is not there yet; nothing is ever overwritten.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let written = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(if mode == 0o600 { 0o700 } else { 0o755 })
                .create(folder)?;
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|error| {
        let failure = Failure::usage("L023", format!("{} cannot be written", path.display())).because(&error);
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            failure.hint("nothing is overwritten: take the old one away first, or give another --dir")
        } else {
            failure
        }
    })
}
