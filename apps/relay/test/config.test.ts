import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Environment, readConfig } from "../src/config.ts";
import { environmentName, type RelayConfig, SETTING_NAMES, settings } from "../src/settings.ts";
import { StartFailure } from "../src/start-failure.ts";

function read(file: unknown, environment: Environment = {}): RelayConfig {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  return readConfig({ file: file === null ? null : { path: "relay.json", text }, environment });
}

function problem(file: unknown, environment: Environment = {}): string {
  try {
    read(file, environment);
  } catch (failure) {
    if (failure instanceof StartFailure) return failure.message;
    throw failure;
  }
  return "no problem";
}

/** Any UTF-16 units, half characters too. */
const anyText = fc.uint16Array({ minLength: 12, maxLength: 200 }).map((units) => String.fromCharCode(...units));

describe("readConfig", () => {
  test("gives the defaults when nothing is configured", () => {
    expect(read(null)).toMatchObject({ host: "127.0.0.1", port: 4000, registration: "open", origins: [] });
  });

  test("takes values from the file, and the environment wins over it", () => {
    const config = read({ port: 4100, host: "0.0.0.0" }, { SELKIE_RELAY_PORT: "0" });
    expect(config).toMatchObject({ port: 0, host: "0.0.0.0" });
  });

  test("takes a list of origins from the environment", () => {
    const config = read(null, { SELKIE_RELAY_ORIGINS: "wss://relay.example.org, ws://127.0.0.1:4000" });
    expect(config.origins).toEqual(["wss://relay.example.org", "ws://127.0.0.1:4000"]);
  });

  test("leaves other variables of the environment alone", () => {
    expect(read(null, { PATH: "x", SELKIE_SHARED: "y" }).port).toBe(4000);
  });

  test.each([
    ["an unknown key", { prot: 1 }, 'configuration file relay.json: unknown key "prot"'],
    [
      "a misspelt key, with what was meant",
      { "trust-proxy": true },
      'unknown key "trust-proxy" (did you mean "trustProxy"?)',
    ],
    ["a key of the prototype", '{"__proto__": 1}', 'unknown key "__proto__"'],
    ["a port that is text", { port: "4000" }, '"port" must be a whole number from 0 to 65535'],
    ["a port out of range", { port: 65_536 }, '"port" must be a whole number from 0 to 65535'],
    ["a port that is no whole number", { port: 1.5 }, '"port" must be a whole number'],
    ["an empty host", { host: "" }, '"host" must be text'],
    ["a host with a line feed", { host: "a\nb" }, '"host" must be text'],
    ["an origin with a path", { origins: ["wss://relay.example.org/sync"] }, '"origins" must be a list of origins'],
    ["an origin of another scheme", { origins: ["https://relay.example.org"] }, '"origins" must be a list of origins'],
    ["an origin with its default port", { origins: ["wss://relay.example.org:443"] }, '"origins" must be a list'],
    ["an origin with a user", { origins: ["wss://me@relay.example.org"] }, '"origins" must be a list'],
    ["origins that are no list", { origins: "wss://relay.example.org" }, '"origins" must be a list of origins'],
    ["an unknown word", { registration: "maybe" }, '"registration" must be one of open, closed'],
    ["a boolean that is text", { trustProxy: "true" }, '"trustProxy" must be true or false'],
    ["a limit of nothing", { connections: 0 }, '"connections" must be a whole number from 1'],
    ["text that is no JSON", "{port: 1}", "configuration file relay.json is not valid JSON"],
    ["a list", [], "configuration file relay.json must hold one JSON object"],
    ["null", "null", "configuration file relay.json must hold one JSON object"],
  ])("refuses %s", (_what, file, wanted) => {
    expect(problem(file)).toContain(wanted);
  });

  test.each([
    ["an unknown variable", { SELKIE_RELAY_PROT: "1" }, "unknown environment variable SELKIE_RELAY_PROT"],
    ["a port with a sign", { SELKIE_RELAY_PORT: "+1" }, "SELKIE_RELAY_PORT must be a whole number"],
    ["an empty port", { SELKIE_RELAY_PORT: "" }, "SELKIE_RELAY_PORT must be a whole number"],
    ["a port in another base", { SELKIE_RELAY_PORT: "0x50" }, "SELKIE_RELAY_PORT must be a whole number"],
    ["a boolean as a number", { SELKIE_RELAY_TRUST_PROXY: "1" }, "SELKIE_RELAY_TRUST_PROXY must be true or false"],
    ["an empty list of origins", { SELKIE_RELAY_ORIGINS: "" }, "SELKIE_RELAY_ORIGINS must be a list of origins"],
  ])("refuses %s of the environment", (_what, environment, wanted) => {
    expect(problem(null, environment)).toContain(wanted);
  });

  test("never repeats a refused value, and says everything in one printable line", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SETTING_NAMES), anyText, (name, text) => {
        const secret = `!${text}`;
        const said = [problem({ [name]: { secret } }), problem({ [secret]: 1 }), problem({ port: secret })];
        return said.every((line) => /^[\x20-\x7e]+$/.test(line)) && said[2]?.includes(secret) === false;
      }),
    );
  });
});

describe("the settings", () => {
  test("have fallbacks that they accept themselves, from a file and from the environment", () => {
    for (const name of SETTING_NAMES) {
      const { kind, fallback } = settings[name] as (typeof settings)["port"];
      expect([name, kind.fromJson(fallback)]).toEqual([name, { type: "value", value: fallback }]);
      if (name === "origins") continue;
      expect([name, kind.fromText(String(fallback))]).toEqual([name, { type: "value", value: fallback }]);
    }
  });

  test("have names for the environment that differ from each other", () => {
    expect(new Set(SETTING_NAMES.map(environmentName)).size).toBe(SETTING_NAMES.length);
    expect(environmentName("trustProxy")).toBe("SELKIE_RELAY_TRUST_PROXY");
  });
});
