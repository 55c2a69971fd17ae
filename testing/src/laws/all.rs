//! All laws of the machine in one call.

use memwire::Limits;

use super::{
    log::{LoggedGrammar, OracleGrammar},
    oracle::oracle,
    prompt::prompt,
    recover::recover,
    resume::resume,
    split::split as split_law,
    total::total,
};

/// All laws of the machine: [`all_without_oracle`], and *Oracle*, *Prompt* and *Recover*.
///
/// # Panics
///
/// If one does not hold, with its name.
pub fn all<G: OracleGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    oracle::<G>(limits, stream, split);
    prompt::<G>(limits, stream);
    recover::<G>(limits, stream);
    all_without_oracle::<G>(limits, stream, split);
}

/// The laws that compare a grammar with itself: *Split*, *Resume* (at the same offsets), *Total*
/// and *Bounded*; with the feature `counting`, *Linear*.
///
/// # Panics
///
/// If one does not hold, with its name.
pub fn all_without_oracle<G: LoggedGrammar>(limits: Limits, stream: &[u8], split: &[usize]) {
    split_law::<G>(limits, stream, split);
    resume::<G>(limits, stream, split);
    total::<G>(limits, stream, split);
    #[cfg(feature = "counting")]
    super::counting::linear::<G>(limits, &super::splits::chunks(stream, split));
}
