//! `with-servers COMMAND ARGUMENT...`: runs a command beside private servers, whose addresses are in
//! its environment, stops them, and ends with the command's status.

use session_tests::servers::Servers;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-servers COMMAND ARGUMENT...");
        return ExitCode::from(2);
    };
    let mut command = Command::new(&program);
    command.args(arguments);
    match run(command).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(125)
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The status as a shell gives it.
async fn run(mut command: Command) -> Result<u8, Failure> {
    let mut signals = [
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ];
    let servers = tokio::task::spawn_blocking(Servers::start);
    let servers = tokio::select! {
        servers = servers => servers??,
        // What has begun to start is waited for, by the runtime's end, and is stopped then.
        number = any(&mut signals) => return Ok(128 + number),
    };
    // In a group of its own, so that a signal for this program reaches all that the command starts.
    let child = command.envs(servers.environment()?).process_group(0).spawn();
    let mut child = child.map_err(|error| format!("{command:?} can't be started: {error}"))?;
    tokio::select! {
        status = ended(&mut child) => Ok(code(status?)),
        number = any(&mut signals) => {
            stop(&mut child, number).await?;
            Ok(128 + number)
        }
    }
    // The servers are dropped here, which stops them.
}

/// The number of the first signal that comes: SIGHUP is 1, SIGINT 2, SIGTERM 15.
async fn any([interrupt, terminate, hang_up]: &mut [Signal; 3]) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
        _ = hang_up.recv() => 1,
    }
}

async fn ended(child: &mut Child) -> Result<ExitStatus, Failure> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Passes the signal on to the command and all that it started, and a last one after a while.
async fn stop(child: &mut Child, number: u8) -> Result<(), Failure> {
    let group = format!("-{}", child.id());
    for signal in [format!("-{number}"), "-KILL".to_owned()] {
        Command::new("kill").args([signal.as_str(), "--", group.as_str()]).status()?;
        if let Ok(status) = tokio::time::timeout(Duration::from_secs(10), ended(child)).await {
            status?;
            return Ok(());
        }
    }
    Ok(())
}

fn code(status: ExitStatus) -> u8 {
    let number = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(number).unwrap_or(1)
}
