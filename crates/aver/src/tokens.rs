//! Amounts of the token that everything is paid in: tokens for people, its smallest units for contracts.

use crate::exit;
use alloy::primitives::utils::{ParseUnits, format_units, parse_units};
use anyhow::Result;
use averment_ledger::settlement::Token;
use averment_primitives::U256;

/// How the token's amounts are read and shown.
#[derive(Debug, Clone)]
pub struct Tokens(Token);

impl Tokens {
    /// Those of this token.
    pub fn new(token: Token) -> Self {
        Self(token)
    }

    /// An amount as it was typed after `what`, in the token's smallest units.
    pub fn parse(&self, what: &str, text: &str) -> Result<u128> {
        let decimals = self.0.decimals;
        let wrong = || {
            exit::usage(format!(
                "{what}: expected an amount of tokens such as 12.5 (at most {decimals} places behind the point), got {text:?}"
            ))
        };
        // What `parse_units` would cut off without a word.
        let places = text.split_once('.').map_or(0, |(_, places)| places.len());
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !digits
            || !text.starts_with(|first: char| first.is_ascii_digit())
            || places > usize::from(decimals)
        {
            return Err(wrong().into());
        }
        match parse_units(text, decimals).map_err(|_| wrong())? {
            ParseUnits::U256(amount) => Ok(u128::try_from(amount).map_err(|_| wrong())?),
            ParseUnits::I256(_) => Err(wrong().into()),
        }
    }

    /// An amount for people.
    pub fn words(&self, amount: impl Into<U256>) -> String {
        let text = format_units(amount.into(), self.0.decimals).unwrap_or_default();
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        let symbol = if self.0.symbol.is_empty() { "tokens" } else { &self.0.symbol };
        format!("{text} {symbol}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use averment_primitives::Address;

    #[test]
    fn amounts_are_read_as_they_are_shown() {
        let tokens = |decimals| Tokens(Token { address: Address::ZERO, symbol: String::new(), decimals });
        for (decimals, text, amount) in [
            (18, "1", 10_u128.pow(18)),
            (6, "0.000001", 1),
            (6, "12.5", 12_500_000),
            (0, "7", 7),
            (0, "70", 70),
        ] {
            assert_eq!(tokens(decimals).parse("--fee", text).unwrap(), amount);
            assert_eq!(tokens(decimals).words(U256::from(amount)), format!("{text} tokens"));
        }
        for text in
            ["", ".", ".5", "-1", "1.0000001", "1e3", "ten", "1,5", "340282366920938463463374607431769"]
        {
            assert!(tokens(6).parse("--fee", text).unwrap_err().to_string().contains("--fee"), "{text}");
        }
    }
}
