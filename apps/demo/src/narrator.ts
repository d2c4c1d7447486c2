/** Tells the story in the terminal: acts, facts, claims that were checked, and progress while something takes longer than a second. */
export interface Narrator {
  act(title: string): void;
  say(text: string): void;
  /** States a claim; a false one makes the demo fail. */
  claim(text: string, holds: boolean): void;
  /** Shows that work is going on, once it has taken longer than a second. */
  during<Result>(what: string, work: Promise<Result>): Promise<Result>;
  readonly failures: readonly string[];
}

const PATIENCE_MS = 1_000;

export function narrator(out: { write(text: string): unknown }, colour: boolean): Narrator {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const failures: string[] = [];
  let acts = 0;
  return {
    failures,
    act: (title) => {
      acts += 1;
      out.write(`\n${paint("1", `${acts}. ${title}`)}\n`);
    },
    say: (text) => out.write(`   ${text}\n`),
    claim: (text, holds) => {
      if (!holds) failures.push(text);
      out.write(`   ${holds ? paint("32", "true ") : paint("31", "FALSE")} ${text}\n`);
    },
    during: async (what, work) => {
      const started = performance.now();
      const ticker = setInterval(() => {
        out.write(`   ... ${what}, ${Math.round((performance.now() - started) / 1_000)} s\n`);
      }, PATIENCE_MS);
      try {
        return await work;
      } finally {
        clearInterval(ticker);
      }
    },
  };
}
