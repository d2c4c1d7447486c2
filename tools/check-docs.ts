// `pnpm docs:check`: what the documentation says is true. `--write` renews the links of docs/threat-model.md first.
import { join } from "node:path";
import { checkErrorCodes } from "./check/error-codes.ts";
import { checkExamples } from "./check/examples.ts";
import { report } from "./check/finding.ts";
import { checkLinks } from "./check/links.ts";
import { checkReadme } from "./check/readme.ts";
import { checkThreatModel, linkThreatModel } from "./check/threat-model.ts";
import { readPackages } from "./check/workspace.ts";

const root = join(import.meta.dirname, "..");
const packages = readPackages(root);
if (process.argv.includes("--write")) linkThreatModel(root);
const findings = [
  ...packages.flatMap((pkg) => checkReadme(root, pkg)),
  ...checkLinks(root),
  ...checkThreatModel(root),
  ...checkErrorCodes(root, packages),
  ...(await checkExamples(root, packages)),
];
report(
  "docs:check",
  findings,
  `${packages.length} packages and apps, their examples run under Node ${process.version}`,
);
