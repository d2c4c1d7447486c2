// What the relay must never contain, and how its bundle is looked through.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

export const CHECKOUT: string = fileURLToPath(new URL("../../../../", import.meta.url));

/** Modules that can decrypt, derive keys or load a document. */
const FORBIDDEN: readonly { readonly name: string; readonly path: RegExp }[] = [
  { name: "@automerge", path: /(^|\/)node_modules\/@automerge\// },
  { name: "@noble/ciphers", path: /(^|\/)node_modules\/@noble\/ciphers\// },
  { name: "@noble/post-quantum", path: /(^|\/)node_modules\/@noble\/post-quantum\// },
  { name: "hash-wasm", path: /(^|\/)node_modules\/hash-wasm\// },
  { name: "crypto", path: /(^|\/)packages\/crypto\// },
  { name: "keybag", path: /(^|\/)packages\/keybag\// },
  { name: "core", path: /(^|\/)packages\/core\// },
  { name: "client", path: /(^|\/)packages\/client\// },
];

/** The forbidden modules among these files, by name, each once. */
export function forbiddenAmong(files: readonly string[]): readonly string[] {
  return FORBIDDEN.filter(({ path }) => files.some((file) => path.test(file.replaceAll("\\", "/")))).map(
    ({ name }) => name,
  );
}

/** An import somebody might add to the server by mistake. */
export interface Leak {
  readonly code: string;
  /** The folder its modules are found from. */
  readonly from: string;
}

/** Every file esbuild puts into the relay program, from its sources; with `leak`, after that code was added to the server. */
export async function filesOfRelayBundle(leak: Leak | null): Promise<readonly string[]> {
  const result = await build({
    entryPoints: ["apps/relay/src/main.ts"],
    absWorkingDir: CHECKOUT,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["@selkie/source"],
    loader: { ".node": "empty", ".wasm": "empty" },
    outdir: "out",
    logLevel: "silent",
    plugins: leak === null ? [] : [leakInto(leak)],
  });
  return Object.keys(result.metafile.inputs);
}

function leakInto(leak: Leak): Plugin {
  return {
    name: "leak",
    setup(bundle) {
      bundle.onResolve({ filter: /^leak$/ }, () => ({ path: "leak", namespace: "leak", sideEffects: true }));
      bundle.onLoad({ filter: /^leak$/, namespace: "leak" }, () => ({
        contents: leak.code,
        resolveDir: join(CHECKOUT, leak.from),
      }));
      bundle.onLoad({ filter: /packages[\\/]server[\\/]src[\\/]limits[.]ts$/ }, async ({ path }) => ({
        contents: `import "leak";\n${await readFile(path, "utf8")}`,
        loader: "ts",
      }));
    },
  };
}
