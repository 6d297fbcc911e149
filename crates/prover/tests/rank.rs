//! What a proof reveals linearly, held against its masks: the functionals that the code emits must have full rank on
//! mask cells alone, for every claim pattern, and no mask may be idle.

#[path = "../../plan/tests/cases/mod.rs"]
mod cases;
#[path = "federated/task.rs"]
mod task;

use ark_ff::{AdditiveGroup, Field};
use averment_plan::*;
use averment_verifier::{
    claims::{self, Challenges},
    descriptor::{Commitments, Descriptor, Options},
    federated::{RoundDescriptor, Shift},
    field::{self, Fr},
    functional::Functional,
    statement::Mode,
};
use cases::*;
use task::Task;

fn numbers(seed: u64) -> impl FnMut() -> Fr {
    let mut numbers = Numbers(seed);
    move || field::reduced(&alloy_primitives::keccak256(numbers.next().to_be_bytes()))
}

/// The coefficient of each mask cell in a functional.
fn on_masks(functional: &Functional, first: u64, count: usize) -> Vec<Fr> {
    let mut row = vec![Fr::ZERO; count];
    for term in &functional.0 {
        let mut weights = vec![term.coefficient];
        for axis in &term.axes {
            let values = axis.values();
            weights = values.iter().flat_map(|value| weights.iter().map(move |w| *w * value)).collect();
        }
        for (place, weight) in weights.into_iter().enumerate() {
            let cell = (term.base + place as u64).checked_sub(first).map(|cell| cell as usize);
            if let Some(own) = cell.and_then(|cell| row.get_mut(cell)) {
                *own += weight;
            }
        }
    }
    row
}

fn rank(mut rows: Vec<Vec<Fr>>) -> usize {
    let columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != Fr::ZERO) else { continue };
        rows.swap(rank, pivot);
        let inverse = rows[rank][column].inverse().unwrap();
        let own = rows[rank].clone();
        for row in &mut rows[rank + 1..] {
            let factor = row[column] * inverse;
            row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
        }
        rank += 1;
    }
    rank
}

/// s, the private operands, the mask polynomial's claim and v, as rows over all mask cells.
fn revealed(descriptor: &Descriptor) -> (Vec<Vec<Fr>>, usize) {
    let mut draw = numbers(3);
    let layout = &descriptor.layout;
    let (first, _) = layout.masks.unwrap();
    let used = claims::mask_cells(descriptor.operands(), &descriptor.degrees(true));
    let r = (0..descriptor.point_length()).map(|_| draw()).collect();
    let challenges = Challenges {
        beta: draw(),
        gamma: draw(),
        r,
        lambda: draw(),
        lambda_a: draw(),
        lambda_b: draw(),
        lambda_c: draw(),
    };
    let rho: Vec<Fr> = (0..=descriptor.variables()).map(|_| draw()).collect();
    let public = vec![0; 64];
    let mut functionals = vec![claims::total(descriptor, &challenges, &public, Mode::ZeroKnowledge).0];
    let operands = claims::operands(descriptor, &challenges, &rho);
    // The tables' out is public.
    let public = layout.slots.len() + 2;
    let private = operands.into_iter().enumerate().filter(|(place, _)| *place != public);
    functionals.extend(private.map(|(_, own)| own));
    functionals.push(claims::rest(descriptor, draw(), &rho).unwrap());
    let u: Vec<Fr> = (0..layout.address_bits()).map(|_| draw()).collect();
    let mut rows: Vec<Vec<Fr>> = functionals.iter().map(|own| on_masks(own, first, used)).collect();
    rows.push((0..used as u64).map(|cell| field::eq_index(&u, first + cell)).collect());
    (rows, used)
}

fn without(rows: &[Vec<Fr>], column: usize) -> Vec<Vec<Fr>> {
    let keep =
        |row: &Vec<Fr>| row.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, v)| *v).collect();
    rows.iter().map(keep).collect()
}

#[test]
fn every_claim_has_a_mask_of_its_own_and_no_mask_is_idle() {
    let mut patterns = 0;
    let models = (0..16).map(cases::random).map(|model| model.plan().clone());
    let (mut draft, _) = perceptron();
    draft.output = values(2);
    let said: Vec<Plan> = [perceptron().0, above().0, draft].map(|own| Plan::new(own).unwrap()).into();
    // Of some of them what decides, or if it cannot, what compares.
    let less = (0..10).map(cases::random).filter_map(|model| deciding(&model).or_else(|| comparing(&model)));
    let less: Vec<Plan> = less.map(|model| model.plan().clone()).collect();
    let decides = |plan: &&Plan| plan.output().kind == OutputKind::Argmax;
    let deciding = less.iter().filter(decides).count();
    assert!(deciding > 0 && deciding < less.len(), "{deciding} of {}", less.len());
    for plan in models.chain(said).chain(less) {
        // Of the first two, with every number of slots, the number that suits them.
        let slots = (patterns > 1).then_some(1 + patterns as u8 % 4);
        let options = Options { slots, ..Options::default() };
        let Ok(derived) = Descriptor::derive(&plan, options) else { continue };
        // Elimination takes its time: the first few plans have every kind of claim.
        check(&derived.descriptor, patterns < 2);
        check(&derived.descriptor.certificate(&plan).unwrap().descriptor, patterns < 1);
        patterns += 1;
    }
    assert!(patterns >= 14, "{patterns} patterns");
    let commitments = Commitments::Each;
    let options = Options { batch_bits: 2, chunk_bits: Some(9), commitments, ..Options::default() };
    check(&Descriptor::derive(two_inputs().plan(), options).unwrap().descriptor, true);
}

/// Updates, rounds of one half and of two, and the remainders of adoptions: cells that take limbs and such that do not, spans of one
/// exponent and of several, rows of three chunks.
#[test]
fn what_federated_tasks_prove_is_masked_too() {
    let mode = Mode::ZeroKnowledge;
    for (place, task) in [Task::narrow(), Task::wide(), Task::three_chunks()].into_iter().enumerate() {
        let each = place < 2;
        check(&task.update_descriptor(mode).descriptor, each);
        for halves in [1, 2] {
            check(&RoundDescriptor::new(&task.shape, mode, 3, halves, 4).unwrap().descriptor, each);
        }
        check(&task.shape.remainders(Shift::new(3, 5).unwrap(), mode).unwrap().descriptor, each);
    }
}

/// That every claim of a descriptor has a mask, and if `each`, that without any one mask some claim has none.
fn check(descriptor: &Descriptor, each: bool) {
    let (rows, used) = revealed(descriptor);
    assert_eq!(rank(rows.clone()), rows.len(), "a claim is not masked");
    // μ, the spare cell and each operand's mask: without any one of them something is not masked. (The last claim
    // and v read the polynomial's cells too, so that it is theirs that stand in for the others.)
    let polynomial = used - 1 - descriptor.degrees(true).iter().sum::<usize>();
    let narrow: Vec<Vec<Fr>> = rows[..rows.len() - 2].iter().map(|row| row[..polynomial].to_vec()).collect();
    for mask in (0..polynomial).filter(|mask| *mask != 1 && each) {
        assert!(rank(without(&narrow, mask)) < narrow.len(), "mask {mask} is idle");
    }
    assert!(narrow.iter().all(|row| row[1] == Fr::ZERO), "the spare cell is v's alone");
}
