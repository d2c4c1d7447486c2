import { parseArgs } from "node:util";
import { StartFailure } from "./start-failure.ts";

export type Command = { readonly type: "run"; readonly configPath: string | null } | { readonly type: "help" };

/** Shown for `--help`. */
export const USAGE = `selkie-relay [--config file.json]

Starts a blind relay. Settings come from the file and from SELKIE_RELAY_* environment variables, which win.
Prints one JSON line with its address when it listens. See docs/guides/operating-a-relay.md.
`;

/**
 * Reads the arguments after the program's name.
 * @throws StartFailure for anything but `--config <file>` and `--help`
 */
export function readCommandLine(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: "string" }, help: { type: "boolean" } },
      allowPositionals: false,
    });
    if (values.help === true) return { type: "help" };
    return { type: "run", configPath: values.config ?? null };
  } catch (cause) {
    throw new StartFailure("unknown arguments; usage: selkie-relay [--config file.json]", { cause });
  }
}
