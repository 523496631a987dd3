//! What a flavour may call: the interfaces `facts` and `operations` of the contract.

mod checks;
mod facts;
mod operations;
