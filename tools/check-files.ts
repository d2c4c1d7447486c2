// Part of `pnpm lint`: the rules of tools/check/source-rules.ts over the whole repository.
import { join } from "node:path";
import { report } from "./check/finding.ts";
import { checkSourceRules } from "./check/source-rules.ts";
import { listFiles } from "./check/workspace.ts";

const root = join(import.meta.dirname, "..");
report("files", checkSourceRules(root), `${listFiles(root).length} files`);
