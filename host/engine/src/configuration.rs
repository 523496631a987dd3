//! The engine's settings and their name.

use wasmtime::{Config, ModuleVersionStrategy, WasmBacktraceDetails, WasmFeatures};

use crate::Allowance;

/// The wasmtime release that compiles and runs components, in full.
///
/// wasmtime by itself lets a `.cwasm` into every release of the same major version, but
/// a patch release may mend a miscompilation: then the old code must not run any more.
pub const WASMTIME_VERSION: &str = "48.0.8";

/// Counts changes of this crate that make precompiled components obsolete although
/// wasmtime is the same: compiler flags that wasmtime does not compare when it loads
/// (optimisation level, Spectre mitigations, NaN canonicalisation).
pub const COMPONENT_ABI: u32 = 1;

/// Names everything that a precompiled component depends on, such as
/// `48.0.8+1-x86_64`. It is written into each `.cwasm` and compared when it is loaded,
/// and it is a file name: letters, digits, `.`, `+`, `-` and `_`.
pub fn engine_key() -> String {
    format!(
        "{WASMTIME_VERSION}+{COMPONENT_ABI}-{}",
        std::env::consts::ARCH
    )
}

/// What of WebAssembly a component may use: the MVP and what every compiler emits by
/// default today. Each feature more is code generator more, and the escapes from the
/// sandbox that wasmtime has published were found in the rarely used ones.
const WASM_FEATURES: WasmFeatures = WasmFeatures::COMPONENT_MODEL
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::EXTENDED_CONST);

/// What a large component may use as well. Where its parts pass strings to each other, wasmtime puts code between them
/// that copies from the memory of the one to that of the other.
const LARGE_WASM_FEATURES: WasmFeatures = WASM_FEATURES.union(WasmFeatures::MULTI_MEMORY);

/// What of WebAssembly a component of this allowance may use.
pub fn wasm_features(allowance: Allowance) -> WasmFeatures {
    match allowance {
        Allowance::Ordinary => WASM_FEATURES,
        Allowance::Large => LARGE_WASM_FEATURES,
    }
}

/// The settings of every engine that compiles or runs an ordinary component.
pub fn engine_config() -> Config {
    engine_config_for(Allowance::Ordinary)
}

/// The settings of every engine that compiles or runs a component of this allowance.
///
/// The compiler adds only the target (a baseline processor). Anything set here that
/// wasmtime compares at load time and that is not the same on both sides makes loading
/// fail with an error, never with undefined behaviour.
pub fn engine_config_for(allowance: Allowance) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(wasm_features(allowance).complement(), false)
        .gc_support(false)
        .shared_memory(false)
        // With it every call has another ABI, and it needs an asynchronous runtime.
        .concurrency_support(false);
    config
        // Fuel is the real limit: the same component with the same request always gets
        // equally far. The epoch is the limit of processor time behind it, for a component
        // that burns little fuel and has the host work for it.
        .consume_fuel(true)
        .epoch_interruption(true);
    config
        // Signals find out-of-bounds accesses at no cost; without them the code
        // generator takes paths that had out-of-bounds bugs of their own. The host must
        // not install handlers for SIGSEGV, SIGILL or SIGFPE.
        .signals_based_traps(true)
        // Address space for all that a 32-bit memory can address, so that most accesses
        // need no bounds check. It is never committed: one PROT_NONE mapping, as cheap
        // as a small one.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        // Built-in components are loaded from the binary's own memory, where a
        // copy-on-write image would need a memfd; their data is a few kilobytes.
        .memory_init_cow(false);
    config
        // Registering unwind tables costs more than the call on some C libraries (the
        // registration is quadratic), and nothing unwinds through a component.
        .native_unwind_info(false)
        .generate_address_map(false)
        .debug_symbols(false)
        // A trap is reported by its kind and by the component's log, which has the
        // panic's message; addresses of stripped code help nobody.
        .wasm_backtrace_max_frames(None)
        // The default reads an environment variable, and a CNI plugin's environment
        // belongs to the caller.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
        .module_version(ModuleVersionStrategy::Custom(engine_key()))
        .expect("the key is shorter than the 255 bytes that wasmtime allows");
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_the_workspace_pins() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(
            manifest.contains(&format!("wasmtime = {{ version = \"={WASMTIME_VERSION}\"")),
            "WASMTIME_VERSION is {WASMTIME_VERSION}, the workspace pins another release"
        );
    }

    #[test]
    fn the_configuration_is_accepted() {
        for allowance in [Allowance::Ordinary, Allowance::Large] {
            wasmtime::Engine::new(&engine_config_for(allowance)).expect("the settings go together");
        }
    }

    #[test]
    fn the_key_is_a_file_name_and_tells_patch_releases_apart() {
        let key = engine_key();
        assert!(key.starts_with("48.0.8+"), "{key}");
        assert!(
            key.chars()
                .all(|c| c.is_ascii_alphanumeric() || ".+-_".contains(c)),
            "{key}"
        );
    }
}
