import { nativeVerifier } from "@selkie/entry/native";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonLogger, type LogFields } from "../../src/log/log.ts";
import { describeFailure, logTag, placeOf, printable } from "../../src/log/redaction.ts";

function written(event: string, fields?: LogFields): string {
  const lines: string[] = [];
  jsonLogger({ write: (line) => lines.push(line), now: () => 0, level: "debug" }).log("warn", event, fields);
  return lines.join("");
}

/** Any UTF-16 units, half characters too. */
const anyText = fc.uint16Array({ maxLength: 120 }).map((units) => String.fromCharCode(...units));

describe("jsonLogger", () => {
  test("writes one JSON object a line with time, level, event and fields", () => {
    expect(JSON.parse(written("session.refused", { count: 3, code: "UNAUTHORIZED" }))).toEqual({
      time: "1970-01-01T00:00:00.000Z",
      level: "warn",
      event: "session.refused",
      count: 3,
      code: "UNAUTHORIZED",
    });
  });

  test("leaves out records below its level", () => {
    const lines: string[] = [];
    const logger = jsonLogger({ write: (line) => lines.push(line), now: () => 0, level: "warn" });
    logger.log("info", "a");
    logger.log("error", "b");
    expect(lines).toHaveLength(1);
  });

  test("F7 a field cannot start a new line or a new field, whatever text it holds", () => {
    fc.assert(
      fc.property(anyText, anyText, (name, value) => {
        const line = written("event", { [`field-${name}`]: value });
        return /^[\x20-\x7e]+\n$/.test(line) && Object.keys(JSON.parse(line)).length === 4;
      }),
    );
  });

  test("F7 terminal escapes, line separators and bidirectional marks are written as escapes", () => {
    const line = written("event", { text: '\u001b[2J\r\n{"level":"error"}\u2028\u202e\u009b' });
    expect(line.split("\n")).toHaveLength(2);
    expect(JSON.parse(line).text).toBe('\\u001b[2J\\u000d\\u000a{"level":"error"}\\u2028\\u202e\\u009b');
  });
});

describe("redaction", () => {
  test("a tag has eight hex digits and is no part of what it stands for", () => {
    const id = new Uint8Array(32).fill(0xab);
    const tag = logTag(nativeVerifier, id);
    expect(tag).toMatch(/^[0-9a-f]{8}$/);
    expect(Buffer.from(id).toString("hex")).not.toContain(tag);
  });

  test("long text is cut", () => {
    expect(printable("x".repeat(1_000))).toHaveLength(81);
  });

  test("a failure is described without its message", () => {
    const failure = Object.assign(new TypeError("the secret is 42"), { code: "SQLITE_FULL" });
    expect(describeFailure(failure)).toEqual({ error: "TypeError", code: "SQLITE_FULL" });
    expect(describeFailure("the secret is 42")).toEqual({ error: "string", code: "none" });
  });

  test("the place of a failure names function and file, neither message nor folder", () => {
    function fails(): Error {
      return new TypeError("the secret is\n    at /elsewhere/secret.ts:1:1");
    }
    expect(placeOf(fails())).toMatch(/^(fails )?\(?log\.test\.ts:\d+:\d+\)?$/);
    expect(placeOf("no error")).toBe("unknown");
  });
});
