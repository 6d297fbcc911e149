//! Being asked to stop.

use anyhow::{Context, Result};

/// Done when somebody asks the program to stop: Ctrl-C, or what a service manager sends. Signals are caught from the
/// moment that this returns, whenever the result is waited for.
#[cfg(unix)]
pub fn stopped() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let caught = |kind| signal(kind).context("listening for the signal to stop");
    let (mut interrupt, mut terminate) = (caught(SignalKind::interrupt())?, caught(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Done when somebody presses Ctrl-C.
#[cfg(not(unix))]
pub fn stopped() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
