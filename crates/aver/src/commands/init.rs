//! `aver init`: an averment.toml and the folders it names.

use crate::{
    args::{Global, InitArgs},
    config, exit,
    ui::Ui,
};
use anyhow::{Context, Result};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

pub fn run(args: &InitArgs, global: &Global, ui: Ui) -> Result<()> {
    let file = project(&args.folder, &text(global))?;
    ui.result(
        &serde_json::json!({ "config": file }),
        format!(
            "wrote {}\nnext:\n  aver keys new owner\n  aver contracts deploy --profile development --account owner",
            file.display()
        ),
    )
}

/// Makes a project in `folder` with this configuration, which must not be there yet. Returns its file.
pub fn project(folder: &Path, settings: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let file = folder.join(config::FILE_NAME);
    write_new(&file, settings)?;
    let private = folder.join(".averment");
    std::fs::create_dir_all(&private).with_context(|| format!("making {}", private.display()))?;
    // Keys and private records must not slip into somebody's repository.
    std::fs::write(private.join(".gitignore"), "*\n").context("writing .averment/.gitignore")?;
    Ok(file)
}

fn text(global: &Global) -> String {
    let mut text = config::TEMPLATE.to_owned();
    if let Some(chain) = &global.chain {
        text =
            text.replace("source = \"embedded\"", &format!("source = {}", toml::Value::from(chain.as_str())));
    }
    if let Some(id) = global.chain_id {
        text = text.replace("# chain_id = 31337", &format!("chain_id = {id}"));
    }
    text
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let file = std::fs::File::options().write(true).create_new(true).open(path);
    match file {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exit::usage(format!(
            "{} is there already: edit it, or remove it and run `aver init` again",
            path.display()
        ))
        .into()),
        Err(error) => Err(error).with_context(|| format!("making {}", path.display())),
    }
}
