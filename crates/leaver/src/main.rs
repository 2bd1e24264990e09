//! The binary: command line, configuration, wiring. Every rule lives in `leaver-core`, every step in `leaver-engine`.

mod anchors;
mod cli;
mod clock;
mod commands;
mod config;
mod failure;
mod log;
mod outside;
mod printer;
mod render;
mod sinks;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::printer::Printer;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::WrongUse } else { Exit::Done };
            // Help and wrong use are printed by clap; a reader that went away is no error.
            let _gone = error.print();
            return ExitCode::from(exit.code());
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("LEAVER_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .init();
    let printer = Printer { json: cli.json };
    let runtime = match runtime(&cli.command).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.fail(&Failure::not_done("L308", "the runtime cannot be started").because(&error));
            return ExitCode::from(Exit::NotDone.code());
        }
    };
    let exit = runtime.block_on(commands::run(cli, printer)).unwrap_or_else(|failure| {
        printer.fail(&failure);
        failure.exit
    });
    runtime.shutdown_background();
    ExitCode::from(exit.code())
}

/// A plan only reads, and there is one at a time: on one thread it takes less memory and less time of the processor. Its captures, and
/// its database, have threads of their own.
fn runtime(command: &Command) -> tokio::runtime::Builder {
    if matches!(command, Command::Plan(_)) {
        let mut one = tokio::runtime::Builder::new_current_thread();
        one.max_blocking_threads(2);
        return one;
    }
    tokio::runtime::Builder::new_multi_thread()
}
