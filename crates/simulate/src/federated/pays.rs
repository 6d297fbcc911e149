//! Who earned what, as parts of what honest members earned.

use std::collections::BTreeMap;

/// What one earned in a round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paid {
    /// Who.
    pub one: usize,
    /// How much.
    pub earned: u128,
    /// Whether it is an attacker, and whether it did attack in this round.
    pub role: Role,
}

/// What one does in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Works.
    Honest,
    /// An attacker who works in this round.
    Resting,
    /// Attacks.
    Attacking,
}

/// What members earned in all rounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pays {
    /// Who was selected at least once, in order.
    pub members: Vec<Member>,
    /// The part of all shares that honest members earned.
    pub honest_share: f64,
}

/// What one member earned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Its number, from 0.
    pub participant: usize,
    /// Whether it is an attacker.
    pub attacker: bool,
    /// What it earned over what one honest member earned in the mean, both for each round that they were selected in; 0 if no honest
    /// one earned anything.
    pub pay: f64,
    /// What it earned in the rounds in which it did attack, over what honest ones earned in the same in the mean; none if there is no such
    /// round. Some attackers work in between.
    pub attacking: Option<f64>,
}

impl Pays {
    /// Of rounds that had `share` each to pay out.
    pub(super) fn new(rounds: &[Vec<Paid>], share: u128) -> Self {
        let mut books: BTreeMap<usize, Book> = BTreeMap::new();
        let mut honest = 0.0;
        for round in rounds {
            let good = round.iter().filter(|paid| paid.role == Role::Honest);
            let (sum, count) = good.fold((0.0, 0.0f64), |(sum, n), paid| (sum + paid.earned as f64, n + 1.0));
            honest += sum;
            for paid in round {
                let book = books.entry(paid.one).or_default();
                book.attacker = paid.role != Role::Honest;
                book.earned += paid.earned as f64;
                book.rounds += 1.0;
                if paid.role == Role::Attacking {
                    let (own, usual) = book.attacking.unwrap_or_default();
                    book.attacking = Some((own + paid.earned as f64, usual + sum / count.max(1.0)));
                }
            }
        }
        let good: Vec<f64> =
            books.values().filter(|book| !book.attacker).map(|book| book.earned / book.rounds).collect();
        let usual = good.iter().sum::<f64>() / good.len().max(1) as f64;
        let over = |pay: f64, usual: f64| if usual > 0.0 { pay / usual } else { 0.0 };
        let member = |(&participant, book): (&usize, &Book)| Member {
            participant,
            attacker: book.attacker,
            pay: over(book.earned / book.rounds, usual),
            attacking: book.attacking.map(|(own, usual)| over(own, usual)),
        };
        Self {
            members: books.iter().map(member).collect(),
            honest_share: over(honest, share as f64 * rounds.len() as f64),
        }
    }

    /// What all attackers together earned, over what one honest member earned in the mean.
    pub fn attackers(&self) -> f64 {
        self.of(true).fold(0.0, |sum, member| sum + member.pay)
    }

    /// What one attacker earned in the rounds in which it attacked, over what an honest one did in the same, in the mean; 0 of none.
    pub fn attacking(&self) -> f64 {
        let pays: Vec<f64> = self.of(true).filter_map(|member| member.attacking).collect();
        pays.iter().fold(0.0, |sum, pay| sum + pay) / pays.len().max(1) as f64
    }

    /// The least and the largest pay among attackers, or among honest members; 0 of none.
    pub fn between(&self, attackers: bool) -> (f64, f64) {
        let pays = self.of(attackers).map(|member| member.pay);
        pays.fold(None, |found: Option<(f64, f64)>, pay| {
            found.map_or(Some((pay, pay)), |(least, most)| Some((least.min(pay), most.max(pay))))
        })
        .unwrap_or_default()
    }

    fn of(&self, attackers: bool) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.attacker == attackers)
    }
}

/// What is written down of one member.
#[derive(Default)]
struct Book {
    attacker: bool,
    earned: f64,
    rounds: f64,
    /// Of rounds in which it attacked what it earned, and what one honest member did.
    attacking: Option<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pay_is_told_in_honest_shares_and_of_attacked_rounds_alone() {
        let paid = |one, earned, role| Paid { one, earned, role };
        let rounds = [
            vec![paid(0, 30, Role::Honest), paid(1, 10, Role::Honest), paid(2, 20, Role::Resting)],
            vec![paid(0, 20, Role::Honest), paid(1, 20, Role::Honest), paid(2, 5, Role::Attacking)],
        ];
        let pays = Pays::new(&rounds, 100);
        assert_eq!(pays.honest_share, 0.4);
        assert_eq!(pays.members.iter().map(|member| member.pay).collect::<Vec<_>>(), [1.25, 0.75, 0.625]);
        assert_eq!((pays.attackers(), pays.attacking()), (0.625, 0.25));
        assert_eq!((pays.between(false), pays.between(true)), ((0.75, 1.25), (0.625, 0.625)));
        // Who was not selected in a round lost nothing by it, and where nobody earns nothing is divided.
        let pays = Pays::new(&[vec![paid(0, 0, Role::Honest), paid(7, 9, Role::Attacking)], vec![]], 0);
        assert_eq!((pays.attackers(), pays.attacking(), pays.honest_share), (0.0, 0.0, 0.0));
        assert_eq!(Pays::new(&[], 1).between(true), (0.0, 0.0));
    }
}
