//! The examples' files, inside the program, so that the demo runs in any folder without the source tree.

use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// A file of `examples/`: its path there and its bytes.
struct File(&'static str, &'static [u8]);

macro_rules! files {
    ($($path:literal),+ $(,)?) => {
        &[$(File($path, include_bytes!(concat!("../../../../examples/", $path)))),+]
    };
}

const FILES: &[File] = files![
    "breast_cancer/README.md",
    "breast_cancer/data/evaluation.csv",
    "breast_cancer/data/training.csv",
    "breast_cancer/decisions.json",
    "breast_cancer/model-v1.onnx",
    "breast_cancer/model-v1.toml",
    "breast_cancer/model-v2.onnx",
    "breast_cancer/model-v2.toml",
    "breast_cancer/requirements.txt",
    "breast_cancer/train.py",
    "digits/README.md",
    "digits/data/evaluation.csv",
    "digits/data/training.csv",
    "digits/model.onnx",
    "digits/model.toml",
    "digits/requirements.txt",
    "digits/train.py",
];

/// Writes the examples below `folder` and returns where they are.
pub fn unpack(folder: &Path) -> Result<PathBuf> {
    let examples = folder.join("examples");
    for File(path, bytes) in FILES {
        let path = examples.join(path);
        let parent = path.parent().context("an example lies in a folder")?;
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(examples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_registry::manifest::Source;

    #[test]
    fn everything_that_the_examples_manifests_name_is_inside_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let examples = unpack(folder.path()).unwrap();
        for manifest in ["breast_cancer/model-v1.toml", "breast_cancer/model-v2.toml", "digits/model.toml"] {
            let manifest = examples.join(manifest);
            let source = Source::parse(&std::fs::read_to_string(&manifest).unwrap()).unwrap();
            let data = source.datasets().into_iter().map(|dataset| dataset.path);
            let named = [source.artifacts(), source.entries(), source.lock_files()].concat();
            for name in named.into_iter().map(str::to_owned).chain(data) {
                assert!(manifest.with_file_name(&name).exists(), "{} names {name}", manifest.display());
            }
        }
    }
}
