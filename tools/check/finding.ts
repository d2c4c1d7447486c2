// What a check of the repository reports, and how a list of them ends a process.

/** One thing that is wrong, at a path relative to the root of the repository. */
export interface Finding {
  readonly file: string;
  readonly problem: string;
}

/** Prints the findings, or the line that says all is well, and sets the exit code of the process. */
export function report(name: string, findings: readonly Finding[], checked: string): void {
  for (const { file, problem } of findings) console.error(`${file}: ${problem}`);
  if (findings.length > 0) {
    console.error(`${name}: ${findings.length} problem${findings.length === 1 ? "" : "s"}`);
    process.exitCode = 1;
  } else {
    console.log(`${name}: ${checked}, no problems`);
  }
}
