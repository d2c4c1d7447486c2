// Questions, one at a time in each direction, in the bare machine. docs/spec/sync.md section 6.5.
import { parseBlobHash, parseWriterKey } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../src/machine/effect.ts";
import type { Input } from "../../src/machine/input.ts";
import type { Answer, Message, Question } from "../../src/message/message.ts";
import { Machine, machineOptions, openMachine } from "../support/machine.ts";
import { bytesOf, databaseOf } from "../support/writer.ts";

const database = databaseOf("asking");
const digest = bytesOf("digest", 16);
const hash = parseBlobHash(bytesOf("blob"));
const places = [0, 1].map((index) => ({ writer: parseWriterKey(bytesOf("writer")), seq: 3, index }));
const fetchBlob = { type: "fetchBlob", hash, from: 100, length: 50 } as const;
const askTicket = { type: "askTicket" } as const;
const fetch = { type: "fetch", handle: 0, places } as const;

const blob = (size: number, length: number): Answer => ({
  ...{ type: "blob", piece: { size, bytes: new Uint8Array(length) } },
});
const ticket = (length: number | null): Answer => ({
  ...{ type: "ticket", ticket: length === null ? null : new Uint8Array(length) },
});
const parts = (count: number, handle = 0): Answer => ({
  ...{ type: "parts", handle, parts: Array.from({ length: count }, () => null) },
});

/** A listener whose peer has opened a database; it has nothing to send. */
function withDatabase(): Machine {
  const machine = openMachine("listener");
  machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
  const opened = [{ handle: 0, position: 5, equal: true, asks: false }];
  machine.feed({ type: "replicasOpened", first: 0, handles: [0], opened });
  machine.drain();
  return machine;
}

const wishOf = (question: Question, caller = 7): Input => ({
  type: "ask",
  wish:
    question.type === "fetch"
      ? { caller, about: "parts", database, places: question.places }
      : { caller, about: "tenant", question },
});

const endOf = (effects: readonly Effect[]): string | null | undefined =>
  effects.flatMap((effect) => (effect.type === "close" ? [effect.error?.code ?? null] : [])).at(0);
const sent = (effects: readonly Effect[]): readonly Message["type"][] =>
  effects.flatMap((effect) => (effect.type === "send" ? [effect.message.type] : []));
const answered = (effects: readonly Effect[]): readonly Effect[] => effects.filter(({ type }) => type === "sendAnswer");

describe("an answer", () => {
  test.each<readonly [question: Question, answer: Answer, isOne: boolean]>([
    [fetchBlob, blob(150, 50), true],
    [fetchBlob, blob(1_000, 50), true],
    [fetchBlob, blob(120, 20), true],
    [fetchBlob, blob(100, 0), true],
    [fetchBlob, blob(0, 0), true],
    [fetchBlob, { type: "blob", piece: null }, true],
    [fetchBlob, blob(1_000, 51), false],
    [fetchBlob, blob(120, 21), false],
    [fetchBlob, blob(101, 0), false],
    [fetchBlob, blob(150, 49), false],
    [fetchBlob, blob(120, 19), false],
    [fetchBlob, blob(100, 1), false],
    [fetchBlob, ticket(null), false],
    [fetchBlob, parts(1), false],
    [askTicket, ticket(32), true],
    [askTicket, ticket(null), true],
    [askTicket, { type: "blob", piece: null }, false],
    [askTicket, parts(1), false],
    [fetch, parts(1), true],
    [fetch, parts(2), true],
    [fetch, parts(3), false],
    [fetch, parts(1, 2), false],
    [fetch, blob(10, 1), false],
    [fetch, ticket(32), false],
  ])("to $type: %o, %s", (question, answer, isOne) => {
    const machine = withDatabase();
    expect(sent(machine.feed(wishOf(question)))).toEqual([question.type]);
    const effects = machine.hear(answer);
    if (isOne) expect(effects).toContainEqual({ type: "resolve", caller: 7, answer });
    expect(endOf(effects)).toBe(isOne ? undefined : "UNEXPECTED_MESSAGE");
    expect(endOf(machine.hear(answer))).toBe(isOne ? "UNEXPECTED_MESSAGE" : undefined);
  });

  test("to nothing that was asked ends the session", () => {
    for (const answer of [blob(10, 1), ticket(null), parts(1)])
      expect(endOf(withDatabase().hear(answer))).toBe("UNEXPECTED_MESSAGE");
  });
});

describe("questions of our own", () => {
  test("wait for the handshake, and for the answer to the one before", () => {
    const machine = new Machine(machineOptions("dialler"));
    machine.feed({ type: "start" }, wishOf(askTicket, 1), wishOf(fetchBlob, 2));
    expect(machine.drain().map(({ type }) => type)).toEqual(["hello"]);
    const open = openMachine("dialler");
    open.feed(wishOf(askTicket, 1), wishOf(fetchBlob, 2));
    expect(open.drain().map(({ type }) => type)).toContain("askTicket");
    expect(sent(open.hear(ticket(null)))).toEqual(["fetchBlob"]);
  });

  test("about parts of a database that is not open yet hold up nothing else", () => {
    const machine = openMachine("dialler");
    machine.feed({ type: "open", caller: 1, requests: [{ id: database, position: null, wanted: null }] });
    machine.feed(wishOf(fetch, 2), wishOf(askTicket, 3));
    expect(machine.drain().map(({ type }) => type)).toContain("askTicket");
    const snapshots = [{ position: 0, digest, isAhead: false, asks: false }];
    machine.feed({ type: "prepared", handles: [0], snapshots });
    machine.drain();
    const effects = machine.hear(ticket(null), { type: "opened", first: 0, answers: [{ type: "same", position: 0 }] });
    expect(sent([...effects, ...machine.feed({ type: "writable" })])).toContain("fetch");
  });

  test("are given up with the session after four times of silence, whatever else the peer says", () => {
    const machine = openMachine("dialler");
    machine.feed(wishOf(fetchBlob));
    for (let silence = 0; silence < 4; silence++) {
      machine.hear({ type: "ping", token: silence });
      expect(endOf(machine.feed({ type: "timer", timer: "liveness" }))).toBeUndefined();
    }
    machine.hear({ type: "ping", token: 9 });
    expect(endOf(machine.feed({ type: "timer", timer: "liveness" }))).toBe("PEER_SILENT");
  });
});

describe("questions of the peer", () => {
  test.each([
    [fetchBlob, fetchBlob],
    [fetchBlob, askTicket],
    [askTicket, fetch],
    [fetch, fetchBlob],
  ] as const)("F4 are owed one answer: %o, then %o", (first, second) => {
    const machine = withDatabase();
    machine.hear({ type: "ping", token: 1 });
    expect(answered(machine.hear(first))).toEqual([]);
    expect(endOf(machine.hear(second))).toBe("UNEXPECTED_MESSAGE");
  });

  test.each([fetchBlob, askTicket, fetch] as const)("are answered once the line is free: %o", (question) => {
    const machine = withDatabase();
    machine.hear({ type: "ping", token: 1 }, question);
    expect(answered(machine.feed({ type: "writable" }))).toEqual([{ type: "sendAnswer", question, mayRead: true }]);
    expect(answered(machine.feed({ type: "writable" }))).toEqual([]);
  });

  test("about a database that is being closed are void, and stand in nobody's way", () => {
    const machine = withDatabase();
    machine.hear({ type: "ping", token: 1 }, fetch);
    machine.feed({ type: "closeDatabases", caller: 1, databases: [database] });
    expect(sent(machine.feed({ type: "writable" }))).toEqual(["close"]);
    machine.hear({ type: "close", handles: [0] }, fetchBlob);
    expect(answered(machine.feed({ type: "writable" }))).toMatchObject([{ question: fetchBlob }]);
  });

  test.each([fetchBlob, askTicket] as const)("come after the handshake: %o", (question) => {
    const machine = new Machine(machineOptions("listener"));
    machine.feed({ type: "start" });
    expect(endOf(machine.hear(question))).toBe("UNEXPECTED_MESSAGE");
  });
});
