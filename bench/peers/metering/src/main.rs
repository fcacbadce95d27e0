// Meters a module with one of two public rewriters, gas in a mutable global that is exported as `gas_left`,
// every instruction at their default constant price. What a rewriter can't read is its error, in one line.
use std::{env, fs, panic, process::exit};

fn parity(bytes: &[u8]) -> Result<Vec<u8>, String> {
    use wasm_instrument::gas_metering::{inject, mutable_global::Injector, ConstantCostRules};
    let module = parity_wasm::deserialize_buffer::<parity_wasm::elements::Module>(bytes).map_err(|error| error.to_string())?;
    let metered = inject(module, Injector::new("gas_left"), &ConstantCostRules::default())
        .map_err(|_| "cannot be metered".to_string())?;
    parity_wasm::serialize(metered).map_err(|error| error.to_string())
}

fn radix(bytes: &[u8]) -> Result<Vec<u8>, String> {
    use radix_wasm_instrument::gas_metering::{inject, mutable_global::Injector, ConstantCostRules};
    use radix_wasm_instrument::utils::module_info::ModuleInfo;
    let mut module = ModuleInfo::new(bytes).map_err(|error| format!("{error:#}"))?;
    inject(&mut module, Injector::new("env", "gas_left"), &ConstantCostRules::default())
        .map_err(|error| format!("{error:#}"))
}

fn main() {
    let [_, which, from, to] = &env::args().collect::<Vec<_>>()[..] else {
        eprintln!("usage: metering wasm-instrument|radix-wasm-instrument FROM TO");
        exit(2);
    };
    let bytes = fs::read(from).expect("FROM can be read");
    let meter = if which == "wasm-instrument" { parity } else { radix };
    panic::set_hook(Box::new(|_| {}));
    let metered = panic::catch_unwind(|| meter(&bytes)).unwrap_or_else(|_| Err("panics".to_string()));
    match metered {
        Ok(bytes) => fs::write(to, bytes).expect("TO can be written"),
        Err(error) => {
            eprintln!("{error}");
            exit(1);
        }
    }
}
