// The layers of docs/architecture.md. An arrow that is not in `mayImport` is an error, and so is a cycle, an unresolved import,
// a deep import past a package's door, and anything that could decrypt within reach of the relay.
const mayImport = {
  entry: [],
  crypto: ["entry"],
  store: ["entry"],
  "sync-protocol": ["entry"],
  "store-sqlite": ["store", "entry"],
  keybag: ["crypto", "entry"],
  core: ["keybag", "crypto", "store", "sync-protocol", "entry"],
  views: ["core"],
  attachments: ["core", "crypto", "store", "entry"],
  client: ["views", "attachments", "core", "keybag", "crypto", "store", "store-sqlite", "sync-protocol", "entry"],
  server: ["store", "store-sqlite", "sync-protocol", "entry"],
};
const layers = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `layer-${name}`,
  severity: "error",
  comment: `${name} may import only: ${allowed.join(", ") || "nothing of Selkie"}`,
  from: { path: `^packages/${name}/src` },
  to: { path: "^packages/([^/]+)/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "one-door",
      severity: "error",
      comment: "another package is reached through its doors only",
      from: { path: "^(?:packages|apps)/([^/]+)/src" },
      to: {
        path: "^packages/([^/]+)/src/",
        pathNot: ["^packages/$1/", "^packages/[^/]+/src/(index|contract|native-node|native-web)[.]ts$"],
      },
    },
    {
      name: "internal-door",
      severity: "error",
      comment: "what the benchmarks and the rules' tests look at from within is for nobody else, and is not published",
      from: { pathNot: "^(bench|packages/sim/test/rules)/" },
      to: { path: "^packages/[^/]+/src/internal[.]ts$" },
    },
    {
      name: "blind-relay",
      severity: "error",
      comment: "nothing the relay reaches can decrypt",
      from: { path: "^(packages/server|apps/relay)/src" },
      to: {
        reachable: true,
        path: "^packages/(crypto|keybag|core|views|attachments|client)/|node_modules/(@automerge|@noble/ciphers|@noble/post-quantum|hash-wasm)/",
      },
    },
    {
      name: "platform-free",
      severity: "error",
      comment: "no node: module in core and below, but for the native doors",
      from: {
        path: "^packages/(entry|crypto|keybag|store|sync-protocol|core|views|attachments)/src",
        pathNot: "/native-node[.]ts$|/src/node/",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "automerge-late",
      severity: "error",
      comment:
        "a database is opened, and documents are created, without loading WebAssembly: what calls Automerge is imported when needed",
      from: {
        path: "^packages/core/src",
        pathNot: "/automerge/(document|document-edit|draft|draft-text|live-document|past-document)[.]ts$",
      },
      to: {
        path: "^packages/core/src/automerge/(document|document-edit|draft|draft-text|live-document|past-document)[.]ts$|node_modules/@automerge",
        dependencyTypesNot: ["dynamic-import", "type-only", "type-import"],
      },
    },
    {
      name: "apps-only-compose",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^(apps|bench)/" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.test.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@selkie/source", "node", "import", "default", "types"],
    },
    exclude: { path: "(^|/)(dist|node_modules/[.]cache)/" },
    doNotFollow: { path: "node_modules" },
  },
};
