//! One file for each group of commands.

mod audit;
mod cases;
mod demo;
mod doctor;
mod drill;
mod earlier;
mod evidence;
mod init;
mod members;
mod people;
mod policy;
mod population;
mod provenance;
mod retention;
mod sandbox;
mod tracker;
mod witness;
mod worker;

use clap::CommandFactory as _;

use crate::cli::{Cli, Command, EvidenceCommand};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::wiring::App;

/// Carries out one command.
pub(crate) async fn run(cli: Cli, printer: Printer) -> Result<Exit, Failure> {
    let open = async || {
        let app = Box::pin(App::open(Config::read(&cli.config)?, false)).await?;
        app.tell_weaker(printer);
        Ok::<App, Failure>(app)
    };
    let acting = cli.acting.as_deref();
    match &cli.command {
        Command::Demo(demo) => Box::pin(demo::run(demo, printer)).await,
        Command::Sandbox(arguments) => sandbox::run(arguments, printer).await,
        Command::Init(arguments) => init::run(arguments, printer),
        Command::Doctor => doctor::run(&open().await?, printer).await,
        Command::Plan(plan) => cases::plan(&open().await?, plan, acting, printer).await,
        Command::Remove(remove) => cases::remove(&open().await?, remove, acting, printer).await,
        Command::Drill(drill) => drill::run(&open().await?, drill, acting, printer).await,
        Command::Status(status) => cases::status(&open().await?, status, printer).await,
        Command::Verify(of) => cases::verify(&open().await?, &of.case, printer).await,
        Command::Approve(approve) => people::approve(&open().await?, approve, acting, printer).await,
        Command::Reject(reject) => people::reject(&open().await?, reject, acting, printer).await,
        Command::Ratify(of) => people::ratify(&open().await?, of, acting, printer).await,
        Command::Decide(decide) => people::decide(&open().await?, decide, acting, printer).await,
        Command::Attest(attest) => people::attest(&open().await?, attest, acting, printer).await,
        Command::Cancel(cancel) => people::cancel(&open().await?, cancel, acting, printer).await,
        Command::Release(release) => people::release(&open().await?, release, acting, printer).await,
        Command::Evidence(evidence) => match &evidence.what {
            EvidenceCommand::Export { case, output } => evidence::export(&open().await?, case, output, printer).await,
            EvidenceCommand::Store { case, pack } => evidence::store(&open().await?, case, pack, printer).await,
            EvidenceCommand::Trust { output } => evidence::trust(&open().await?.config, output, printer),
            EvidenceCommand::Verify { pack, trust } => evidence::verify(pack, trust, printer),
        },
        Command::Audit(audit) => audit::run(&open().await?, audit, acting, printer).await,
        Command::Policy(policy) => policy::run(&open().await?, policy, acting, printer).await,
        Command::Population(population) => population::run(&open().await?, population, acting, printer).await,
        Command::Retention(retention) => Box::pin(retention::run(&open().await?, retention, acting, printer)).await,
        Command::Tracker(tracker) => tracker::run(&open().await?, tracker, acting, printer).await,
        Command::Witness(arguments) => witness::run(arguments, printer).await,
        Command::Members(members) => members::run(&open().await?, members, acting, printer).await,
        Command::Worker(worker) => worker::run(&open().await?, worker, printer).await,
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "leaver", &mut text);
            printer.data(String::from_utf8_lossy(&text).trim_end());
            Ok(Exit::Done)
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut text)
                .map_err(|error| Failure::not_done("L308", "the manual page cannot be made").because(&error))?;
            printer.data(String::from_utf8_lossy(&text).trim_end());
            Ok(Exit::Done)
        }
    }
}
