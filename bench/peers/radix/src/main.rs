// Times radix-wasm-instrument in-process. Reads the module once; then, for every line on standard input,
// decodes, meters (gas in a mutable global) and encodes it, and prints nanoseconds and output bytes. The
// driver decides when a run happens, so runs of both sides can alternate.
use radix_wasm_instrument::gas_metering::{inject, mutable_global::Injector, ConstantCostRules};
use radix_wasm_instrument::utils::module_info::ModuleInfo;
use std::io::{self, BufRead, Write};
use std::time::Instant;

fn meter(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut module = ModuleInfo::new(bytes).map_err(|error| format!("{error:#}"))?;
    let rules = ConstantCostRules::default();
    inject(&mut module, Injector::new("env", "gas_left"), &rules).map_err(|error| format!("{error:#}"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: radix-bench FILE < one line per run")?;
    let bytes = std::fs::read(file)?;
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let metered = meter(&bytes)?;
        let took = start.elapsed();
        writeln!(out, "{} {}", took.as_nanos(), metered.len())?;
        out.flush()?;
    }
    Ok(())
}
