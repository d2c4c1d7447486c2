import { describe, expect, test } from "vitest";
import { httpUrlOf, originOf, parseRelayUrl } from "../../src/index.ts";

describe("a relay's origin", () => {
  test.each([
    ["wss://Relay.Example", "wss://relay.example"],
    ["wss://relay.example:443/sync?x=1#frag", "wss://relay.example"],
    ["wss://relay.example:8443", "wss://relay.example:8443"],
    ["ws://localhost:80/", "ws://localhost"],
    ["ws://127.0.0.1:4000", "ws://127.0.0.1:4000"],
  ])("of %s is %s", (url, origin) => {
    expect(originOf(url)).toBe(origin);
  });

  test.each([
    "ws://localhost:4000",
    "ws://127.0.0.1",
    "ws://127.1",
    "ws://0x7f.0.0.1",
    "ws://[::1]:1",
    "ws://[0:0:0:0:0:0:0:1]",
  ])("allows plain ws to loopback only: %s", (url) => {
    expect(parseRelayUrl(url).url).toMatch(/^ws:/);
  });

  test.each([
    "ws://relay.example",
    "ws://10.0.0.1",
    "ws://128.0.0.1",
    "ws://localhost.example",
    "ws://127.0.0.1.example",
    "ws://[::2]",
    "ws://[::ffff:7f00:1]",
    "ws://0.0.0.0",
  ])("does not allow %s", (url) => {
    expect(() => originOf(url)).toThrow(expect.objectContaining({ code: "INSECURE_URL" }));
  });

  test.each(["", "relay", "http://127.0.0.1", "wss://user@relay.example", "wss://:secret@relay.example", "wss://"])(
    "refuses %j as no relay's URL",
    (url) => {
      expect(() => originOf(url)).toThrow(expect.objectContaining({ code: "BAD_URL" }));
    },
  );

  test.each([
    ["wss://Relay.example", "https://relay.example/"],
    ["wss://relay.example/sync?a=b#c", "https://relay.example/"],
    ["wss://example.org:8443/selkie/sync", "https://example.org:8443/selkie/"],
    ["wss://example.org/selkie/", "https://example.org/selkie/"],
    ["ws://127.0.0.1:4000/", "http://127.0.0.1:4000/"],
  ])("finds the HTTP door of %s beside it", (url, door) => {
    expect(httpUrlOf(url)).toBe(door);
  });

  test("drops what is behind # from the URL that is dialled", () => {
    expect(parseRelayUrl("wss://relay.example/a#secret").url).toBe("wss://relay.example/a");
  });

  test.each([
    ["wss://relay.example", "https://relay.example/"],
    ["wss://relay.example:8443/sync?x=1", "https://relay.example:8443/"],
    ["wss://example.org/relay/sync", "https://example.org/relay/"],
    ["ws://127.0.0.1:4000/", "http://127.0.0.1:4000/"],
  ])("of %s has its HTTP door at %s", (url, door) => {
    expect(httpUrlOf(url)).toBe(door);
  });
});
