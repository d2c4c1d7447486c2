// `pnpm publishable`: every package that goes to npm, as it would arrive there.
import { join } from "node:path";
import { report } from "./check/finding.ts";
import { checkPublished } from "./check/published.ts";
import { readPackages } from "./check/workspace.ts";

const root = join(import.meta.dirname, "..");
const packages = readPackages(root).filter(({ manifest }) => manifest.private !== true);
report("publishable", await checkPublished(root, packages), `${packages.length} packages`);
