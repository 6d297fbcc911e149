//! Prices and amounts as people write and read them.

use averment_primitives::U256;
use std::fmt;
use thiserror::Error;

/// Wei in a gwei, and its decimals.
const GWEI: u128 = 1_000_000_000;
const GWEI_DECIMALS: usize = 9;

/// The dearest gas that is believed, in wei a unit: a thousand times what it has ever cost for long.
pub const MAX_GAS_PRICE: u128 = 1_000_000 * GWEI;

/// The dearest ether that is believed, in dollars.
const MAX_DOLLARS: u64 = 100_000_000;

/// The price of one ether in US dollars, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usd {
    /// Cents for 10^18 wei.
    pub cents_per_ether: u64,
}

/// Why words are no price.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PriceError {
    /// A price below zero.
    #[error("expected a price of more than zero, got {got:?}")]
    NotPositive {
        /// What was written.
        got: String,
    },
    /// Not of the form.
    #[error("expected a number and its unit, like 2gwei, 0.125gwei or 7wei, got {got:?}")]
    Gas {
        /// What was written.
        got: String,
    },
    /// Parts of a wei.
    #[error("expected whole wei (at most nine decimals of a gwei), got {got:?}")]
    Fraction {
        /// What was written.
        got: String,
    },
    /// Dearer than gas ever was.
    #[error("expected at most {} for a unit of gas, got {got:?}", Gwei(MAX_GAS_PRICE))]
    TooHigh {
        /// What was written.
        got: String,
    },
    /// No amount of dollars.
    #[error(
        "expected dollars and cents for one ether, like 3000 or 2999.50, at most {MAX_DOLLARS}, got {got:?}"
    )]
    Dollars {
        /// What was written.
        got: String,
    },
}

/// Reads a price of gas or blob gas: a number and `gwei` or `wei`. In wei a unit, from 1 to [`MAX_GAS_PRICE`].
pub fn gas_price(text: &str) -> Result<u128, PriceError> {
    let got = || text.to_owned();
    let (number, decimals) = if let Some(number) = text.strip_suffix("gwei") {
        (number.trim_end(), GWEI_DECIMALS)
    } else if let Some(number) = text.strip_suffix("wei") {
        (number.trim_end(), 0)
    } else {
        return Err(PriceError::Gas { got: got() });
    };
    if negative(number) {
        return Err(PriceError::NotPositive { got: got() });
    }
    let wei = match fixed(number, decimals) {
        Fixed::Is(wei) => wei,
        Fixed::TooFine => return Err(PriceError::Fraction { got: got() }),
        Fixed::TooLarge => return Err(PriceError::TooHigh { got: got() }),
        Fixed::Not => return Err(PriceError::Gas { got: got() }),
    };
    match wei {
        0 => Err(PriceError::NotPositive { got: got() }),
        1..=MAX_GAS_PRICE => Ok(wei),
        _ => Err(PriceError::TooHigh { got: got() }),
    }
}

/// Reads the price of an ether in dollars.
pub fn usd(text: &str) -> Result<Usd, PriceError> {
    if negative(text) {
        return Err(PriceError::NotPositive { got: text.to_owned() });
    }
    let wrong = PriceError::Dollars { got: text.to_owned() };
    let Fixed::Is(cents) = fixed(text, 2) else { return Err(wrong) };
    match u64::try_from(cents) {
        Ok(0) => Err(PriceError::NotPositive { got: text.to_owned() }),
        Ok(cents_per_ether) if cents_per_ether <= 100 * MAX_DOLLARS => Ok(Usd { cents_per_ether }),
        _ => Err(wrong),
    }
}

/// Whether it is a number behind a minus.
fn negative(number: &str) -> bool {
    number.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

enum Fixed {
    Is(u128),
    TooFine,
    TooLarge,
    Not,
}

/// A number in decimal notation, times ten to `decimals`.
fn fixed(number: &str, decimals: usize) -> Fixed {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Fixed::Not;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Fixed::TooFine;
    }
    match format!("{whole}{fraction:0<decimals$}").parse() {
        Ok(value) => Fixed::Is(value),
        // Nothing but digits stands there.
        Err(_) => Fixed::TooLarge,
    }
}

/// Wei a unit of gas, shown in gwei without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gwei(pub u128);

impl fmt::Display for Gwei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / GWEI, self.0 % GWEI);
        let fraction = format!("{rest:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole} gwei"),
            digits => write!(f, "{whole}.{digits} gwei"),
        }
    }
}

/// An amount of wei, and of dollars if a price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priced {
    /// In wei.
    pub wei: U256,
    /// In millionths of a dollar.
    pub micro_usd: Option<U256>,
}

impl Priced {
    /// `wei`, and what they are in dollars if the price of ether is given.
    pub fn new(wei: U256, ether: Option<Usd>) -> Self {
        // wei · cents / 10^18 ether, times 10^4 millionths a cent.
        let micro_usd = ether.map(|ether| {
            wei.saturating_mul(U256::from(ether.cents_per_ether)) / U256::from(100_000_000_000_000_u64)
        });
        Self { wei, micro_usd }
    }
}

impl fmt::Display for Priced {
    /// Ether with eight decimals, and dollars with four if known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = U256::from(10_000_000_000u64);
        let rounded = self.wei.saturating_add(unit / U256::from(2)) / unit;
        let (whole, rest) = rounded.div_rem(U256::from(100_000_000));
        write!(f, "{whole}.{:08} ETH", rest.to::<u64>())?;
        if let Some(micro) = self.micro_usd {
            let (dollars, rest) =
                (micro.saturating_add(U256::from(50)) / U256::from(100)).div_rem(U256::from(10_000));
            write!(f, " ({dollars}.{:04} USD)", rest.to::<u64>())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_read_exactly() {
        for (text, wei) in [
            ("2gwei", 2 * GWEI),
            ("0.125gwei", 125_000_000),
            ("0.000000001 gwei", 1),
            ("1.500gwei", 1_500_000_000),
            ("0.1250000000000gwei", 125_000_000),
            ("7wei", 7),
            ("1000000gwei", MAX_GAS_PRICE),
        ] {
            assert_eq!(gas_price(text), Ok(wei), "{text}");
        }
        assert_eq!(usd("2999.5"), Ok(Usd { cents_per_ether: 299_950 }));
        assert_eq!(usd("100000000"), Ok(Usd { cents_per_ether: 10_000_000_000 }));
    }

    #[test]
    fn what_is_no_price_is_refused_for_what_it_is() {
        let error = |text: &str| gas_price(text).unwrap_err();
        let got = |text: &str| text.to_owned();
        for text in ["-2gwei", "-0.1gwei", "0gwei", "0.000gwei", "0wei", "-1wei"] {
            assert_eq!(error(text), PriceError::NotPositive { got: got(text) });
        }
        for text in [
            "", "2", "gwei", "2 ether", "1e9wei", "+2gwei", "0x2gwei", ".5gwei", "2.gwei", "2,5gwei",
            "NaNgwei", "--2gwei", "٢gwei", "1_0wei",
        ] {
            assert_eq!(error(text), PriceError::Gas { got: got(text) }, "{text}");
        }
        for text in ["0.0000000001gwei", "1.5wei"] {
            assert_eq!(error(text), PriceError::Fraction { got: got(text) });
        }
        let endless = format!("{}gwei", "9".repeat(60));
        for text in ["1000000.000000001gwei", "1000000000000001wei", &endless] {
            assert_eq!(error(text), PriceError::TooHigh { got: got(text) });
        }
        for text in ["", "3000.001", "x", "100000000.01", &"9".repeat(50), "3e3"] {
            assert_eq!(usd(text), Err(PriceError::Dollars { got: got(text) }), "{text}");
        }
        assert_eq!(usd("-1"), Err(PriceError::NotPositive { got: got("-1") }));
        assert_eq!(usd("0.00"), Err(PriceError::NotPositive { got: got("0.00") }));
    }

    #[test]
    fn amounts_are_shown_rounded() {
        let ether = Some(Usd { cents_per_ether: 300_050 });
        let shown = Priced::new(U256::from(1_234_567_890_000_000u64), ether).to_string();
        assert_eq!(shown, "0.00123457 ETH (3.7043 USD)");
        assert_eq!(Priced::new(U256::ZERO, None).to_string(), "0.00000000 ETH");
        // The largest amount there is does not overflow.
        assert!(Priced::new(U256::MAX, ether).to_string().ends_with("USD)"));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(wei in 1..=MAX_GAS_PRICE) {
            prop_assert_eq!(gas_price(&Gwei(wei).to_string()), Ok(wei));
            prop_assert_eq!(gas_price(&format!("{wei}wei")), Ok(wei));
        }

        #[test]
        fn no_words_make_it_panic(text in ".{0,24}") {
            let _ = (gas_price(&text), usd(&text), gas_price(&format!("{text}gwei")));
        }
    }
}
