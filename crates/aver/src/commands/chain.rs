//! `aver chain serve`: the embedded chain for other programs on this machine.

use super::Context;
use crate::{
    args::{ChainCommand, ServeArgs},
    exit,
    signals::stopped,
    workplace::now,
};
use anyhow::Result;
use averment_ledger::{
    Ledger,
    embedded::{ChainServer, Genesis, ServeLimits},
};
use serde_json::json;

pub fn run(command: &ChainCommand, context: &Context) -> Result<()> {
    let ChainCommand::Serve(args) = command;
    context.block_on(serve(args, context))
}

async fn serve(args: &ServeArgs, context: &Context) -> Result<()> {
    let ledger = match args.in_memory {
        true => Ledger::in_memory(Genesis::development(now()?))?,
        false => context.ledger().await?,
    };
    let chain = ledger.embedded().cloned().ok_or_else(|| {
        exit::usage("the configured chain is behind a URL already; only the embedded one can be served")
    })?;
    let head = chain.latest()?.1.number;
    let place = match args.in_memory {
        true => "in memory only".to_owned(),
        false => format!("kept in {}", context.config.chain_folder.display()),
    };
    // Before anybody hears that it can be stopped by a signal, it can.
    let stop = stopped()?;
    let server = ChainServer::bind(chain, args.listen, ServeLimits::default()).await?;
    let (url, id) = (server.url(), ledger.chain_id());
    context.ui.result(
        &json!({ "url": url, "chainId": id, "blockNumber": head, "inMemory": args.in_memory }),
        format!(
            "{url} answers for chain {id}, {place}, at block {head}; Ctrl-C ends it\nother commands reach it with \
             --chain {url} --chain-id {id}"
        ),
    )?;
    server.run(stop).await;
    context.ui.remark("stopped");
    Ok(())
}
