//! `aver history`: everything that happened to a model, in order, proved against the chain.

use super::Context;
use crate::args::HistoryArgs;
use anyhow::Result;
use averment_primitives::B256;
use averment_registry::Utc;
use serde_json::json;
use std::fmt::Write;

pub fn run(args: &HistoryArgs, context: &Context) -> Result<()> {
    context.block_on(history(args, context))
}

async fn history(args: &HistoryArgs, context: &Context) -> Result<()> {
    let subject = context.model(&args.model).await?;
    let (history, names) = (&subject.history, &subject.names);
    let mut words = format!("{}  {}\n\n", history.name(), history.model());
    let mut entries = Vec::new();
    writeln!(words, "{:>5}  {:>8}  {:<23}  {:<10}  WHAT", "ENTRY", "BLOCK", "TIME", "HEAD")?;
    for (entry, block) in history.entries().iter().zip(&subject.blocks) {
        let what = names.sentence(history, entry);
        let shown = block.map_or("?".to_owned(), |block| block.to_string());
        let head = format!("{:?}", entry.head);
        let (time, sequence) = (Utc(entry.timestamp).to_string(), entry.sequence);
        writeln!(
            words,
            "{sequence:>5}  {shown:>8}  {time:<23}  {:<10}  {what}\n{:53}by {}",
            head.get(..10).unwrap_or_default(),
            "",
            names.account(entry.actor)
        )?;
        entries.push(json!({
            "entry": sequence,
            "block": block,
            "timestamp": entry.timestamp,
            "kind": entry.payload.kind().name(),
            "version": Some(entry.version).filter(|version| version.0 != B256::ZERO),
            "actor": entry.actor,
            "what": what,
            "head": entry.head,
        }));
    }
    let block = subject.view.block();
    write!(
        words,
        "\n{} entries, complete and unchanged: their chain of hashes ends in {:?},\nwhich the state of block {} holds \
         ({:?}).",
        history.length(),
        history.head(),
        block.header.number,
        block.hash
    )?;
    if let Some(caveat) = subject.caveat() {
        write!(words, "\n{caveat}")?;
    }
    let mut value = subject.place();
    value["model"] = json!(history.model());
    value["name"] = json!(history.name().to_string());
    value["head"] = json!(history.head());
    value["entries"] = json!(entries);
    context.ui.result(&value, words)
}
