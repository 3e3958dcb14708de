// Runs a program for WASI, which sees the directory named first and nothing else of the machine.
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [directory, program, ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: [program, ...args],
  env: process.env,
  preopens: { [directory]: directory },
});
const module = await WebAssembly.compile(await readFile(program));
wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
