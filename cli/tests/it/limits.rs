//! The limits of each dialect are the same in its document and in the program.

use memwire::Limits;
use memwire_conformance::dialect::{CLASSIC, SIMPLE};
use memwire_server::memcached;

#[test]
fn the_programs_limits_are_those_of_the_documents() {
    assert_eq!(SIMPLE.limits, Limits::DEFAULT);
    assert_eq!(CLASSIC.limits, memcached::LIMITS);
}
