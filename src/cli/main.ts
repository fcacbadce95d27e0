// The edge of the process: the only place that reads argv, writes the streams and chooses exit codes.
// A Failure ends as one line, anything else as `internal-bug` in one line; stacks only with
// GLOVEBOX_DEBUG=1. Help loads the parser and the table, and nothing more.
import type { Exit, Outcome } from "./command-row.ts";
import type { CommandName } from "./commands.ts";
import type { Io } from "./io.ts";
import { type Given, parse } from "./parse.ts";

interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly outTerminal: boolean;
  readonly errTerminal: boolean;
  /** Columns of the terminal; undefined in a pipe. */
  readonly columns?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

async function runCommand(name: CommandName, given: Given, io: Io): Promise<Outcome> {
  const { loaders } = await import("./loaders.ts");
  // The parser built `given` from the same row that the handler's type comes from.
  const handler = await loaders[name]();
  return (handler.run as (input: Given, io: Io) => Promise<Outcome>)(given, io);
}

async function ioFor(streams: Streams): Promise<{ io: Io; clear: () => void }> {
  const { stylesFor } = await import("./style.ts");
  const { createProgress } = await import("./progress.ts");
  const progress = createProgress(streams.errTerminal, streams.now, streams.err);
  const io: Io = {
    out: streams.out,
    note: (text) => {
      progress.clear();
      streams.err(text);
    },
    progress: progress.step,
    env: streams.env,
    now: streams.now,
    styles: stylesFor(streams.outTerminal, streams.env),
    width: Math.max(80, Math.min(streams.columns ?? 120, 160)),
  };
  return { io, clear: progress.clear };
}

/** Prints what ended a command and answers its exit code. */
async function report(error: unknown, json: string | undefined, streams: Streams): Promise<Exit> {
  const { Failure } = await import("../errors/failure.ts");
  const { failureJson, renderFailure } = await import("../errors/render.ts");
  const { textOf } = await import("../errors/catalogue.ts");
  const failure =
    error instanceof Failure
      ? error
      : new Failure("internal-bug", { what: String(error).split("\n")[0]! }, undefined, error);
  const { exit } = textOf(failure.code);
  if (json !== undefined) {
    streams.out(
      `${JSON.stringify({ command: json, exit, error: failureJson(failure) }, null, 2)}\n`,
    );
  }
  streams.err(`${renderFailure(failure)}\n`);
  if (streams.env.GLOVEBOX_DEBUG === "1") {
    streams.err(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  return exit;
}

/** Runs one command line and answers the exit code; never throws. */
export async function main(argv: readonly string[], streams: Streams): Promise<Exit> {
  let exit: Exit = 0;
  // Before parsing is done, only the raw arguments can say whether a program is reading.
  let json: string | undefined = argv.includes("--json") ? "" : undefined;
  try {
    const { io, clear } = await ioFor(streams);
    const { version } = await import("../util/version.ts");
    const parsed = await parse(argv, version, async (name, given) => {
      json = given.flags.json === true ? name : undefined;
      try {
        const outcome = await runCommand(name, given, io);
        clear();
        exit = outcome.exit;
        const envelope = { command: name, exit, result: outcome.result };
        streams.out(json === undefined ? outcome.text() : `${JSON.stringify(envelope, null, 2)}\n`);
      } finally {
        clear();
      }
    });
    if (parsed.kind === "help") streams.out(parsed.text);
    if (parsed.kind === "usage") {
      const { fail } = await import("../errors/failure.ts");
      if (json !== undefined) json = parsed.command.join(" ");
      const help = ["glovebox", ...parsed.command, "--help"].join(" ");
      fail("cli-usage", { what: parsed.what, help });
    }
    return exit;
  } catch (error) {
    return await report(error, json, streams);
  }
}

/** Standard output that can't be written, such as a full disk: the result is not there, whatever it was. */
async function unwritten(error: unknown): Promise<Exit> {
  const { reasonOf } = await import("./reason.ts");
  const { Failure } = await import("../errors/failure.ts");
  const { renderFailure } = await import("../errors/render.ts");
  const { textOf } = await import("../errors/catalogue.ts");
  const failure = new Failure("file-unwritable", {
    file: "standard output",
    reason: reasonOf(error),
  });
  process.stderr.write(`${renderFailure(failure)}\n`);
  return textOf(failure.code).exit;
}

/** The process itself: called by bin/glovebox and scripts/start.mjs. */
export async function run(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error, and no reason to answer 0 for what was found.
    if (error.code === "EPIPE") return;
    void unwritten(error).then((exit) => process.exit(exit));
  });
  process.exitCode = await main(argv, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    outTerminal: process.stdout.isTTY === true,
    errTerminal: process.stderr.isTTY === true,
    columns: process.stdout.columns,
    env: process.env,
    now: () => performance.now(),
  });
}
