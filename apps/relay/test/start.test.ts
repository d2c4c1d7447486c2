import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TempDirectory } from "../../../packages/server/test/fixtures/test-relay.ts";
import { RelayProcess, type Start } from "./fixtures/relay-process.ts";

/** Starts a relay that must not start; resolves with the one line it says. */
async function refusal(start: Start): Promise<string> {
  await using relay = new RelayProcess(start);
  expect(await relay.ended).toEqual({ code: 1, signal: null });
  expect(relay.out).toEqual([]);
  expect(relay.error).toMatch(/^selkie-relay: [\x20-\x7e]+\n$/);
  return relay.error.slice("selkie-relay: ".length, -1);
}

describe("a start that works", () => {
  test("prints one JSON line with the address, on a free port, and answers there", async () => {
    await using directory = await TempDirectory.create();
    await using relay = await RelayProcess.listening({ env: { SELKIE_RELAY_DATA: directory.path } });
    const { event, host, port, url } = relay.address;
    expect([event, host, url]).toEqual(["listening", "127.0.0.1", `ws://127.0.0.1:${port}`]);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    expect(relay.out).toHaveLength(1);
  });

  test("takes its settings from the file named with --config", async () => {
    await using directory = await TempDirectory.create();
    const file = join(directory.path, "relay.json");
    await writeFile(
      file,
      JSON.stringify({ data: join(directory.path, "store"), logLevel: "error", host: "127.0.0.1" }),
    );
    await using relay = await RelayProcess.listening({ args: ["--config", file] });
    expect(relay.error).toBe("");
    relay.kill("SIGTERM");
    expect(await relay.ended).toEqual({ code: 0, signal: null });
  });

  test("explains itself with --help", async () => {
    await using relay = new RelayProcess({ args: ["--help"] });
    expect(await relay.ended).toEqual({ code: 0, signal: null });
    expect(relay.out.join("\n")).toContain("selkie-relay [--config file.json]");
  });
});

describe("a start that cannot work ends with exit code 1 and one line", () => {
  // test/config.test.ts has every way to be refused; these show that the process says and does so.
  test("for a setting of the file it does not know or understand", async () => {
    await using directory = await TempDirectory.create();
    const file = join(directory.path, "relay.json");
    await writeFile(file, '{"prot": 4000}');
    expect(await refusal({ args: ["--config", file] })).toBe(`configuration file ${file}: unknown key "prot"`);
  });

  test("for a port of the environment that is none", async () => {
    expect(await refusal({ env: { SELKIE_RELAY_PORT: "70000" } })).toContain("must be a whole number from 0 to 65535");
  });

  test("for a configuration file that is not there", async () => {
    expect(await refusal({ args: ["--config", "/nowhere/relay.json"] })).toContain("(ENOENT)");
  });

  test("for arguments it does not know", async () => {
    expect(await refusal({ args: ["--port", "4000"] })).toContain("usage: selkie-relay");
  });

  test("for a host beyond loopback without origins", async () => {
    expect(await refusal({ env: { SELKIE_RELAY_HOST: "0.0.0.0" } })).toContain('"origins" must name what clients dial');
  });

  test("for a port in use, and it leaves the store free", async () => {
    await using directory = await TempDirectory.create();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    if (address === null || typeof address === "string") throw new TypeError("no port");
    const env = { SELKIE_RELAY_DATA: directory.path, SELKIE_RELAY_PORT: String(address.port) };
    expect(await refusal({ env })).toBe(`port ${address.port} of 127.0.0.1 is in use`);
    await new Promise((resolve) => other.close(resolve));
    await using relay = await RelayProcess.listening({ env });
    expect(relay.address.port).toBe(address.port);
  });

  test("for a directory that cannot be written", async () => {
    await using directory = await TempDirectory.create();
    const [file, sealed] = [join(directory.path, "file"), join(directory.path, "sealed")];
    await writeFile(file, "in the way");
    expect(await refusal({ env: { SELKIE_RELAY_DATA: file } })).toBe(`the data directory ${file} cannot be written`);
    await mkdir(sealed);
    await chmod(sealed, 0o500);
    // No mode keeps root out; a file system that cannot be written does.
    const data = process.getuid?.() === 0 ? "/proc" : sealed;
    expect(await refusal({ env: { SELKIE_RELAY_DATA: data } })).toBe(`the data directory ${data} cannot be written`);
  });

  test("for a store that another relay uses", async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path };
    await using first = await RelayProcess.listening({ env });
    expect(await refusal({ env })).toBe(`the data directory ${directory.path} is used by another process`);
    expect((await fetch(`${first.url.replace("ws:", "http:")}/readyz`)).status).toBe(200);
  });

  test("for a file that is no store", async () => {
    await using directory = await TempDirectory.create();
    await writeFile(
      join(directory.path, "selkie.db"),
      "this is no database, and it is long enough to be read as one".repeat(100),
    );
    expect(await refusal({ env: { SELKIE_RELAY_DATA: directory.path } })).toContain("is damaged; restore a backup");
  });
});
