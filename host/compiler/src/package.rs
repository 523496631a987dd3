//! The contract as one file, in the form in which toolchains and registries hand interfaces on.

use crate::version::{CONTRACT_VERSION, Version};

/// The package `plumb:cni` of the newest version: a component that has nothing but types and their documentation, as
/// the component model writes packages down (`design/mvp/WIT.md`, "Package Format").
///
/// # Errors
///
/// None in a release whose tests passed: the contract is valid.
pub fn package() -> Result<Vec<u8>, String> {
    let newest = Version::of(CONTRACT_VERSION).ok_or("there is no contract")?;
    let (resolve, package) = newest.under(CONTRACT_VERSION)?;
    wit_component::encode(&resolve, package)
        .map_err(|error| format!("the contract could not be encoded: {error:#}"))
}

#[cfg(test)]
mod tests {
    use wit_component::{DecodedWasm, WitPrinter};

    use super::*;

    fn printed(resolve: &wit_parser::Resolve, package: wit_parser::PackageId) -> String {
        let mut printer = WitPrinter::default();
        printer.print(resolve, package, &[]).unwrap();
        printer.output.to_string()
    }

    /// Documentation and all.
    #[test]
    fn it_says_what_the_texts_say() {
        let decoded = wit_component::decode(&package().unwrap()).unwrap();
        let DecodedWasm::WitPackage(read, id) = decoded else {
            panic!("it is no package of interfaces");
        };
        let newest = Version::of(CONTRACT_VERSION).unwrap();
        let (written, written_id) = newest.under(CONTRACT_VERSION).unwrap();
        let text = printed(&read, id);
        assert_eq!(text, printed(&written, written_id));
        assert!(text.contains("/// Attaches a pod to a network."), "{text}");
    }
}
