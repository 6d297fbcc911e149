//! What `aver chain` takes.

use clap::{Args, Subcommand};
use std::net::SocketAddr;

#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// Offers the embedded chain to other programs on this machine, as JSON-RPC over HTTP, until Ctrl-C
    #[command(after_help = "Example:\n  aver chain serve\n  aver chain serve --listen 127.0.0.1:9545\n  \
                      aver chain serve --in-memory\n\nThen, in another terminal:\n  \
                      cast block-number --rpc-url http://127.0.0.1:8545\n  \
                      aver contracts show --chain http://127.0.0.1:8545 --chain-id 31337\n\n\
                      docs/chain.md lists the methods. What happens is kept in the chain's folder, which nobody else can \
                      open meanwhile.")]
    Serve(ServeArgs),
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen: a loopback address; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8545")]
    pub listen: SocketAddr,
    /// A fresh chain that is forgotten in the end, instead of the one in the chain's folder
    #[arg(long)]
    pub in_memory: bool,
}
