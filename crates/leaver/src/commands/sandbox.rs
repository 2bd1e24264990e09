//! The local twins of the vendors.

use leaver_sandbox::{ClockMode, Options, Variants, start};

use crate::cli::SandboxArgs;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;

/// The options of the world that the arguments ask for.
pub(crate) fn options(arguments: &SandboxArgs) -> Result<Options, Failure> {
    let variant = if arguments.variant.is_empty() {
        Variants::default()
    } else {
        Variants::parse(&arguments.variant).map_err(|error| Failure::usage("L020", error))?
    };
    let usual = Options::default();
    Ok(Options {
        seed: arguments.seed,
        listen: arguments.listen,
        members: arguments.members.unwrap_or(usual.members),
        projects: arguments.projects.unwrap_or(usual.projects),
        content: arguments.content.unwrap_or(usual.content),
        clock: ClockMode::Running,
        variant,
        ..usual
    })
}

pub(crate) async fn run(arguments: &SandboxArgs, printer: Printer) -> Result<Exit, Failure> {
    let sandbox = start(options(arguments)?).await.map_err(|error| {
        Failure::usage("L021", format!("the sandbox cannot listen on {}", arguments.listen))
            .because(&error)
            .hint("only this machine's own addresses are allowed, such as 127.0.0.1:0")
    })?;
    let description = sandbox.description();
    if printer.json {
        let line = serde_json::to_string(description)
            .map_err(|error| Failure::not_done("L304", "the description cannot be written").because(&error))?;
        printer.data(&line);
    } else {
        printer.data(&format!(
            "Mixpanel twin   {base}\nUsers & Teams   {base}/settings/org\ncontrol         {control}/_sandbox/requests\nleaver          {leaver}\n\nstop with Ctrl-C; 'leaver sandbox --json > sandbox.json' and 'leaver init --from-sandbox sandbox.json' make a configuration for it",
            base = description.mixpanel.base_url,
            control = description.control.base_url,
            leaver = description.people.leaver,
        ));
    }
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| Failure::not_done("L308", "the signal cannot be waited for").because(&error))?;
    sandbox
        .stop()
        .await
        .map_err(|error| Failure::not_done("L308", "the sandbox did not stop cleanly").because(&error))?;
    Ok(Exit::Done)
}
