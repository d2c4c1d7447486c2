// Every example of the documentation compiles under the repository's strict options and runs to its end under this Node, as it is.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import ts from "typescript";
import { defaultRelayUrl, startRelay } from "./example-relay.ts";
import type { Finding } from "./finding.ts";
import { type CodeBlock, parseMarkdown } from "./markdown.ts";
import { execute } from "./process.ts";
import { compilerOptions } from "./program.ts";
import { exampleBlocks } from "./readme.ts";
import type { Package } from "./workspace.ts";

const timeLimitMs = 120_000;

interface Example extends CodeBlock {
  /** The page, relative to the root. */
  readonly file: string;
  /** What the example may import besides the packages of the workspace: what this directory may. */
  readonly directory: string;
}

/** Checks and runs the examples of all READMEs and guides. */
export async function checkExamples(root: string, packages: readonly Package[]): Promise<readonly Finding[]> {
  const examples = findExamples(root, packages);
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  const workshop = mkdtempSync(join(root, "node_modules/.cache/examples-"));
  try {
    const placed = examples.map((example, index) => ({ example, folder: join(workshop, String(index)) }));
    for (const { example, folder } of placed) place(root, packages, example, folder);
    const findings = [...typeProblems(root, placed)];
    for (const { example, folder } of placed) findings.push(...(await run(root, example, folder)));
    return findings;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function findExamples(root: string, packages: readonly Package[]): readonly Example[] {
  const guides = existsSync(join(root, "docs/guides")) ? readdirSync(join(root, "docs/guides")).sort() : [];
  const pages = [
    ...packages.map(({ directory, kind }) => ({ file: `${directory}/README.md`, directory, kind })),
    { file: "README.md", directory: "packages/client", kind: "package" as const },
    ...guides
      .filter((name) => name.endsWith(".md"))
      .map((name) => ({ file: `docs/guides/${name}`, directory: "packages/client", kind: "package" as const })),
  ];
  return pages
    .filter(({ file }) => existsSync(join(root, file)))
    .flatMap(({ file, directory, kind }) =>
      exampleBlocks(parseMarkdown(readFileSync(join(root, file), "utf8")), kind).map((block) => ({
        ...block,
        file,
        directory,
      })),
    );
}

/** A folder in which the example resolves its imports as an installed app would. */
function place(root: string, packages: readonly Package[], example: Example, folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const { directory, manifest } of packages) link(join(root, directory), join(modules, manifest.name));
  const manifest = packages.find(({ directory }) => directory === example.directory)?.manifest;
  // The app of a guide may use what the tests of the package do; the example of a README needs that package alone.
  const others = example.file.startsWith("docs/") ? manifest?.devDependencies : {};
  const own = { ...manifest?.dependencies, ...others };
  for (const name of Object.keys(own).filter((dependency) => !dependency.startsWith("@selkie/"))) {
    const installed = join(root, example.directory, "node_modules", name);
    if (existsSync(installed)) link(installed, join(modules, name));
  }
  if (example.language !== "ts") return;
  const data = join(root, dirname(example.file), "data");
  if (existsSync(data)) link(data, join(folder, "data"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "example.ts"), example.code);
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}

interface Placed {
  readonly example: Example;
  readonly folder: string;
}

function* typeProblems(root: string, placed: readonly Placed[]): Generator<Finding> {
  const exampleByFile = new Map(
    placed
      .filter(({ example }) => example.language === "ts")
      .map(({ example, folder }) => [join(folder, "example.ts"), example]),
  );
  const program = ts.createProgram([...exampleByFile.keys()], compilerOptions(root));
  for (const [path, { file, line }] of exampleByFile) {
    const source = program.getSourceFile(path);
    for (const diagnostic of ts.getPreEmitDiagnostics(program, source)) {
      const at = source?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
      yield {
        file: `${file}:${line + 2 + at}`,
        problem: `the example does not compile: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ")}`,
      };
    }
  }
}

async function run(root: string, example: Example, folder: string): Promise<readonly Finding[]> {
  const found = (problem: string): readonly Finding[] => [{ file: `${example.file}:${example.line + 1}`, problem }];
  try {
    await using relay = example.code.includes(defaultRelayUrl) ? await startRelay(root, join(folder, "relay")) : null;
    const code = relay === null ? example.code : example.code.replaceAll(defaultRelayUrl, relay.url);
    const outcome = await execute(...commandOf(root, { ...example, code }, folder), timeLimitMs);
    if (outcome.code === 0) return [];
    const why = outcome.code === null ? `did not end within ${timeLimitMs / 1000} s` : `exited with ${outcome.code}`;
    return found(`the example ${why}\n  ${outcome.output.trim().split("\n").slice(-12).join("\n  ")}`);
  } catch (error) {
    return found(`the example could not be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Command, arguments and working directory. */
function commandOf(root: string, { language, code }: Example, folder: string): [string, readonly string[], string] {
  if (language === "sh") return ["bash", ["-euo", "pipefail", "-c", code], root];
  // Node does not strip types below node_modules, so the example is stripped here, by the same code of Node.
  const script = join(folder, "example.js");
  try {
    writeFileSync(script, stripTypeScriptTypes(code));
  } catch (error) {
    writeFileSync(script, `throw new SyntaxError(${JSON.stringify(String(error))});`);
  }
  const flags = ["--conditions=@selkie/source", "--disable-warning=ExperimentalWarning"];
  return [process.execPath, [...flags, basename(script)], folder];
}
