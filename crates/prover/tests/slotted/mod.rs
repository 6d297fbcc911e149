//! Models by the lookup slots that they fill.

use super::cases;
use averment_plan::Model;
use averment_verifier::descriptor::{Descriptor, Options};

/// A model whose lookups fill as many slots as there may be, where there may be so many.
pub fn filling(slots: u8) -> Option<Model> {
    let options = Options { slots: Some(slots), ..Options::default() };
    let fills = |model: &Model| {
        Descriptor::derive(model.plan(), options)
            .is_ok_and(|own| own.descriptor.layout.slots.len() == usize::from(slots))
    };
    let random = (0..60).filter_map(|seed| cases::narrowed(&cases::random(seed)));
    [cases::dense_model(), cases::windows()].into_iter().chain(random).find(fills)
}
