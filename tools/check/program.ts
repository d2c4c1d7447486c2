// The compiler options under which sources, tests and examples are all checked.
import { join } from "node:path";
import ts from "typescript";

export function compilerOptions(root: string): ts.CompilerOptions {
  const file = join(root, "tsconfig.test.json");
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config ?? {}, { ...ts.sys, readDirectory: () => [] }, root, {}, file);
  if (error !== undefined) throw new TypeError(ts.flattenDiagnosticMessageText(error.messageText, "\n"));
  const { tsBuildInfoFile: _, ...options } = parsed.options;
  return { ...options, incremental: false };
}
