//! Operators of `ai.onnx.ml`: what scikit-learn's converter writes for linear models.

use super::{Importer, Known, Outcome, Use, standard::Handler};
use crate::{
    network::Op,
    ops::{Dense, Scale},
    tensor::Tensor,
};

pub(super) fn handler(domain: &str, operator: &str) -> Option<Handler> {
    if domain != "ai.onnx.ml" {
        return None;
    }
    Some(match operator {
        "Scaler" => scaler,
        "LinearClassifier" => linear_classifier,
        "LinearRegressor" => linear_regressor,
        "Normalizer" => normalizer,
        "ZipMap" => zip_map,
        "ArrayFeatureExtractor" => array_feature_extractor,
        _ => return None,
    })
}

fn row(cells: Vec<f64>) -> Tensor {
    Tensor { dims: vec![cells.len()], cells }
}

/// `(x - offset) * scale`
fn scaler(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let scale = node.attributes.numbers("scale");
    let offset = node.attributes.numbers("offset");
    if scale.is_empty() || offset.is_empty() {
        return Err("scale and offset are expected".into());
    }
    let length = scale.len().max(offset.len());
    let at = |list: &[f64], index: usize| {
        if list.len() == 1 { list[0] } else { list.get(index).copied().unwrap_or(f64::NAN) }
    };
    let offset = (0..length).map(|index| -at(&offset, index) * at(&scale, index)).collect();
    let op = Op::Scale(Scale { factor: row(scale), offset: row(offset) });
    Ok(vec![importer.apply(node.name, op, &[node.input(0)?])?])
}

/// Coefficients of several targets, one row each, as a matrix of features × targets.
fn linear(node: &Use<'_>, bias: &str, targets: usize) -> Result<Dense, String> {
    let coefficients = node.attributes.numbers("coefficients");
    let bias = node.attributes.numbers(bias);
    if targets == 0 || coefficients.is_empty() || !coefficients.len().is_multiple_of(targets) {
        return Err(format!("{} coefficients do not make {targets} rows", coefficients.len()));
    }
    let features = coefficients.len() / targets;
    let mut cells = vec![0.0; coefficients.len()];
    for (target, row) in coefficients.chunks(features).enumerate() {
        for (feature, coefficient) in row.iter().enumerate() {
            cells[feature * targets + target] = *coefficient;
        }
    }
    Ok(Dense { weight: Tensor { dims: vec![features, targets], cells }, bias })
}

fn linear_classifier(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let mut labels = node.attributes.texts("classlabels_strings");
    if labels.is_empty() {
        let integers = node.attributes.integers("classlabels_ints").unwrap_or_default();
        labels = integers.iter().map(ToString::to_string).collect();
    }
    match node.attributes.text("post_transform").as_str() {
        "" | "NONE" | "SOFTMAX" | "LOGISTIC" => {}
        other => return Err(format!("post_transform {other} may change which score is the largest")),
    }
    // Every row has its intercept.
    let rows = node.attributes.numbers("intercepts").len();
    if labels.len() < 2 || (rows != labels.len() && !(rows == 1 && labels.len() == 2)) {
        return Err(format!("{rows} intercepts do not fit {} classes", labels.len()));
    }
    let mut dense = linear(node, "intercepts", rows)?;
    if rows == 1 {
        // One score for two classes: a score above 0 is the second. Its negation is the first's.
        dense.weight.cells = dense.weight.cells.iter().flat_map(|&weight| [-weight, weight]).collect();
        dense.weight.dims[1] = 2;
        dense.bias = dense.bias.iter().flat_map(|&bias| [-bias, bias]).collect();
    }
    let scores = importer.apply(node.name, Op::Dense(dense), &[node.input(0)?])?;
    let Known::Value(value) = scores else { return Err("it classifies constants".into()) };
    importer.network.labels = labels;
    importer.network.notes.push(format!(
        "LinearClassifier {:?}: its scores before the last transformation stand for the probabilities; the decision is the same",
        node.name
    ));
    Ok(vec![Known::Label(value), Known::Scores(value)])
}

fn linear_regressor(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    let transform = node.attributes.text("post_transform");
    if !matches!(transform.as_str(), "" | "NONE") {
        return Err(format!("post_transform {transform} is not supported"));
    }
    let targets = usize::try_from(node.attributes.integer("targets", 1)).unwrap_or(0);
    let dense = linear(node, "intercepts", targets)?;
    Ok(vec![importer.apply(node.name, Op::Dense(dense), &[node.input(0)?])?])
}

/// Divides a row by its norm, which is positive: the largest stays the largest.
fn normalizer(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    match node.input(0)? {
        Known::Value(value) | Known::Scores(value) => {
            let value = *value;
            importer
                .network
                .notes
                .push(format!("Normalizer {:?} is left out: it does not change the decision", node.name));
            Ok(vec![Known::Scores(value)])
        }
        _ => Err("it normalises something that is no score".into()),
    }
}

fn zip_map(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    if importer.network.labels.is_empty() {
        importer.network.labels = node.attributes.texts("classlabels_strings");
    }
    match node.input(0)? {
        known @ (Known::Value(_) | Known::Scores(_)) => Ok(vec![known.clone()]),
        _ => Err("it names something that is no score".into()),
    }
}

/// Which class a decision's index stands for.
fn array_feature_extractor(importer: &mut Importer, node: &Use<'_>) -> Outcome {
    match (node.input(0)?, node.input(1)?) {
        (Known::Constant(classes), Known::Label(value)) => {
            importer.network.labels = classes.cells.iter().map(ToString::to_string).collect();
            Ok(vec![Known::Label(*value)])
        }
        _ => Err("it is supported only to name the class of a decision; a look-up with a computed index would be needed".into()),
    }
}
