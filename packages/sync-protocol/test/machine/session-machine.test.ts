import { parseDatabaseId, parseEntryId, parseWriterKey, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../src/machine/effect.ts";
import type { Input } from "../../src/machine/input.ts";
import { step } from "../../src/machine/session-machine.ts";
import type { Message } from "../../src/message/message.ts";
import { type Machine, openMachine } from "../support/machine.ts";
import { bytesOf, databaseOf } from "../support/writer.ts";

const database = databaseOf("machine");
const digest = bytesOf("digest", 16);

describe("a step", () => {
  test("is a function: the same state and input give the same state and effects, and neither is changed", () => {
    const machine = openMachine("listener");
    const before = machine.state;
    const copy = structuredCloneOf(before);
    const input: Input = {
      type: "message",
      bytes: 80,
      message: { type: "open", items: [{ id: database, digest, position: null }] },
    };
    const [first, second] = [step(before, input), step(before, input)];
    expect(structuredCloneOf(first)).toEqual(structuredCloneOf(second));
    expect(structuredCloneOf(before)).toEqual(copy);
  });

  test("of a closed session does nothing", () => {
    const machine = openMachine("dialler");
    machine.feed({ type: "close", code: null });
    const { state } = machine;
    expect(machine.feed({ type: "writable" }, { type: "timer", timer: "liveness" })).toEqual([]);
    expect(machine.hear({ type: "ping", token: 1 })).toEqual([]);
    expect(machine.state).toBe(state);
  });

  test("asks to send one thing at a time, and nothing until the transport takes more", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "ping", token: 1 });
    const more = machine.hear({ type: "ping", token: 2 }, { type: "ping", token: 3 });
    expect(more.filter(isSending)).toEqual([]);
    expect(machine.feed({ type: "writable" })).toEqual([{ type: "send", message: { type: "pong", token: 3 } }]);
    expect(machine.feed({ type: "writable" })).toEqual([]);
  });
});

describe("what a peer makes a machine owe", () => {
  test("F4 is bounded while nothing can be sent, whatever it asks for", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position: 5, equal: false, asks: false }],
    });
    const size = (): number => JSON.stringify(structuredCloneOf(machine.state)).length;
    const ask = (): void => {
      machine.hear(
        { type: "ping", token: 1 },
        { type: "vector", handle: 0, reply: true, asks: false, vector: new Map() },
      );
      machine.feed({ type: "diffed", handle: 0, position: 5, missing: [], forked: [] });
      machine.hear({ type: "caughtUp", handle: 0, position: 9, digest });
    };
    for (let i = 0; i < 10; i++) ask();
    const early = size();
    for (let i = 0; i < 2_000; i++) ask();
    expect(machine.state.phase).toBe("open");
    expect(size()).toBeLessThan(early + 200);
  });

  test("F4 is a bounded list of chains, however many databases lack them, and the peer is asked again for the rest", () => {
    const machine = openMachine("listener");
    const items = Array.from({ length: 40 }, (_, index) => ({
      id: databaseOf(`many ${index}`),
      digest,
      position: null,
    }));
    const handles = items.map((_, index) => 2 * index);
    machine.hear({ type: "open", items });
    const opened = handles.map((handle) => ({ handle, position: 5, equal: false, asks: false }));
    machine.feed({ type: "replicasOpened", first: 0, handles, opened });
    machine.drain();
    const writer = parseWriterKey(bytesOf("writer"));
    const missing = Array.from({ length: 10_000 }, (_, index) => ({ writer, from: index, to: index }));
    for (const handle of handles) machine.feed({ type: "diffed", handle, position: 5, missing, forked: [] });
    const listed = [...machine.state.databases.theirs].map(({ upload }) =>
      upload.type === "filling" ? upload.items.length : 0,
    );
    expect(Math.max(...listed)).toBe(10_000);
    expect(Math.min(...listed)).toBe(64);
    expect(listed.reduce((sum, count) => sum + count, 0)).toBeLessThan(65_536 + 40 * 64);

    const vectors: Effect[] = [];
    for (let i = 0; i < 20_000; i++) {
      const effects = machine.effects.splice(0);
      for (const effect of effects.concat(machine.feed({ type: "writable" }))) {
        if (effect.type === "sendVector") vectors.push(effect);
        if (effect.type !== "sendSlice" || effect.source.type !== "missing") continue;
        const { items: slice, round } = effect.source;
        const result = { type: "missing" as const, round, done: slice.length, from: null, damaged: false };
        machine.effects.push(...machine.feed({ type: "sliceRead", handle: effect.handle, result, frame: null }));
      }
    }
    expect(vectors.length).toBeGreaterThan(30);
    expect(vectors.every((effect) => effect.type === "sendVector" && effect.reply)).toBe(true);
    expect(machine.state.outbox.listed).toBe(0);
  });

  test("F4 is one acknowledgement, however many frames it covers", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position: 0, equal: false, asks: false }],
    });
    for (let frame = 0; frame < 50; frame++) {
      machine.hear({ type: "entries", handle: 0, position: null, runs: Uint8Array.of(1) });
      machine.feed({
        type: "delivered",
        handle: 0,
        before: frame,
        after: frame + 1,
        appended: 1,
        frames: [{ frame, exceptions: [], junk: 0, forks: [] }],
      });
    }
    const acks = machine.drain().filter(({ type }) => type === "ack");
    expect(acks).toEqual([{ type: "ack", frames: 50, credit: 5_000, exceptions: [], reached: [] }]);
  });
});

describe("what others append meanwhile", () => {
  test("is not taken for the peer's own: the tail looks at it", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position: 0, equal: true, asks: false }],
    });
    machine.drain();
    const deliver = (before: number, after: number, appended: number) => {
      machine.hear({ type: "entries", handle: 0, position: null, runs: Uint8Array.of(1) });
      const frame = machine.state.inbox.arrived - 1;
      const frames = [{ frame, exceptions: [], junk: 0, forks: [] }];
      return machine.feed({ type: "delivered", handle: 0, frames, before, after, appended }, { type: "writable" });
    };
    expect(deliver(0, 3, 3).filter(({ type }) => type === "forgetEchoes")).toHaveLength(1);
    expect(deliver(3, 9, 3)).toContainEqual({
      type: "sendSlice",
      handle: 0,
      source: { type: "tail", after: 3 },
      wanted: null,
      lead: null,
    });
    // Nor is what was there before, and is not sent yet, when only the peer's own came after it.
    expect(deliver(12, 14, 2).filter(({ type }) => type === "forgetEchoes")).toEqual([]);
    expect(machine.feed({ type: "writable" })).toContainEqual({
      type: "sendSlice",
      handle: 0,
      source: { type: "tail", after: 3 },
      wanted: null,
      lead: null,
    });
  });
});

describe("opening", () => {
  const opened = (machine: Machine, position: number, equal: boolean) =>
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position, equal, asks: false }],
    });

  test.each([
    [null, "different"],
    [4, "streaming"],
    [5, "different"],
    [6, "different"],
  ] as const)("at position %s of 5 with another digest is answered: %s", (position, type) => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position }] });
    opened(machine, 5, false);
    expect(machine.drain()).toContainEqual({ type: "opened", first: 0, answers: [{ type }] });
  });

  test("never streams to a peer that may not receive", () => {
    const machine = openMachine("listener", { pull: true, push: false, purge: false });
    machine.hear({ type: "open", items: [{ id: database, digest, position: 4 }] });
    opened(machine, 5, false);
    expect(machine.drain()).toContainEqual({ type: "opened", first: 0, answers: [{ type: "different" }] });
  });

  test("sends what is announced while the tail is being read", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: 4 }] });
    opened(machine, 5, false);
    expect(machine.feed({ type: "writable" })).toEqual([
      { type: "sendSlice", handle: 0, source: { type: "tail", after: 4 }, wanted: null, lead: null },
    ]);
    machine.feed({ type: "announce", database });
    const result = { type: "tail", position: 5, done: true } as const;
    machine.feed({ type: "sliceRead", handle: 0, result, frame: null });
    const sent = [machine.feed({ type: "writable" }), machine.feed({ type: "writable" })].flat();
    expect(sent).toContainEqual({
      type: "sendSlice",
      handle: 0,
      source: { type: "tail", after: 5 },
      wanted: null,
      lead: null,
    });
  });

  test("a replica that turns out to be damaged says what it holds, a bounded number of times", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    opened(machine, 5, false);
    machine.drain();
    machine.effects.splice(0);
    const writer = parseWriterKey(bytesOf("writer"));
    for (let i = 0; i < 100; i++) {
      machine.feed({ type: "diffed", handle: 0, position: 5, missing: [{ writer, from: 0, to: 9 }], forked: [] });
      const slice = [...machine.effects].reverse().find((effect) => effect.type === "sendSlice");
      const round = slice?.type === "sendSlice" && slice.source.type === "missing" ? slice.source.round : null;
      const result = { type: "missing", round, done: 1, from: null, damaged: true } as const;
      machine.feed({ type: "sliceRead", handle: 0, result, frame: null });
      for (let free = 0; free < 5; free++) machine.feed({ type: "writable" });
    }
    const vectors = machine.effects.filter(({ type }) => type === "sendVector");
    expect(vectors).toHaveLength(64);
    expect(vectors[0]).toEqual({ type: "sendVector", handle: 0, reply: false });
  });

  test("sends what was announced between the digest and the answer", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: 5 }] });
    machine.feed({ type: "announce", database });
    opened(machine, 5, true);
    machine.drain();
    expect(machine.effects).toContainEqual({
      type: "sendSlice",
      handle: 0,
      source: { type: "tail", after: 5 },
      wanted: null,
      lead: null,
    });
  });
});

describe("a sender", () => {
  test("has at most 1,024 frames in flight, however small", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: 0 }] });
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position: 9_999, equal: false, asks: false }],
    });
    const writer = parseWriterKey(bytesOf("writer"));
    let slices = 0;
    for (let i = 0; i < 3_000; i++) {
      for (const effect of machine.feed({ type: "writable" })) {
        if (effect.type !== "sendSlice") continue;
        const run = { writer, firstSeq: slices, head: { seq: slices, id: parseEntryId(bytesOf("head")) } };
        slices += 1;
        const result = { type: "tail", position: slices, done: false } as const;
        machine.feed({ type: "sliceRead", handle: 0, result, frame: { bytes: 10, runs: [run] } });
      }
    }
    expect(slices).toBe(1_024);
    machine.hear({ type: "ack", frames: 1, credit: 10, exceptions: [], reached: [] });
    expect(machine.effects.slice(-2)).toMatchObject([{ type: "acknowledged" }, { type: "sendSlice" }]);
  });
});

describe("fences", () => {
  test("F4 of a peer that does not read are bounded, answered ones too", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({
      type: "replicasOpened",
      first: 0,
      handles: [0],
      opened: [{ handle: 0, position: 0, equal: true, asks: false }],
    });
    let asked = 0;
    for (; asked < 100 && machine.state.phase === "open"; asked++) {
      for (const effect of machine.hear({ type: "fence", token: asked, handles: [0] })) {
        if (effect.type === "readPositions") machine.feed({ type: "positions", fence: effect.fence, positions: [0] });
      }
    }
    expect(asked).toBe(17);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "LIMIT_EXCEEDED" } });
  });
});

describe("a peer that breaks the rules", () => {
  const violations: readonly (readonly [string, "dialler" | "listener", readonly Message[]])[] = [
    [
      "a message about a database that is not open",
      "listener",
      [{ type: "vector", handle: 0, reply: false, asks: false, vector: new Map() }],
    ],
    [
      "a handle beyond 32 bits that wraps onto another",
      "listener",
      [open(), { type: "fence", token: 1, handles: [2 ** 33] }],
    ],
    ["an open of nothing", "listener", [{ type: "open", items: [] }]],
    ["a database twice in one open", "listener", [open(database, database)]],
    ["a database twice", "listener", [open(database), open(database)]],
    ["answers that nobody waits for", "dialler", [{ type: "opened", first: 0, answers: [{ type: "unknown" }] }]],
    [
      "an acknowledgement of what was not sent",
      "dialler",
      [{ type: "ack", frames: 1, credit: 0, exceptions: [], reached: [] }],
    ],
    ["the answer to no fence", "dialler", [{ type: "fenced", token: 1 }]],
    [
      "an admission nobody asked for",
      "dialler",
      [{ type: "admitted", rights: { pull: true, push: true, purge: true }, generation: new Uint8Array(8) }],
    ],
    ["documents where nobody guards", "listener", [{ type: "present", documents: [] }]],
    [
      "a second hello",
      "listener",
      [{ type: "hello", role: "dialler", nonce: bytesOf("n"), windowBytes: 1, databases: 1 }],
    ],
  ];
  test.each(violations)("with %s ends the session with a code", (_what, role, messages) => {
    const machine = openMachine(role);
    machine.hear(...messages);
    const close = machine.effects.find((effect) => effect.type === "close");
    expect(close?.error?.code).toBe("UNEXPECTED_MESSAGE");
    expect(close?.tell).toEqual({ type: "error", code: "UNEXPECTED_MESSAGE" });
    expect(machine.state.phase).toBe("closed");
  });
});

describe("liveness", () => {
  test("asks after a silence, and gives up after as many again", () => {
    const machine = openMachine("dialler");
    machine.feed({ type: "timer", timer: "liveness" });
    expect(machine.feed({ type: "timer", timer: "liveness" }).filter(isSending)).toMatchObject([
      { message: { type: "ping" } },
    ]);
    machine.feed({ type: "writable" });
    const effects = machine.feed({ type: "timer", timer: "liveness" });
    expect(effects).toMatchObject([{ type: "close", error: { code: "PEER_SILENT" }, tell: null }]);
  });

  test("does not ask while anything arrives, and goes on after an answer", () => {
    const machine = openMachine("dialler");
    for (let i = 0; i < 10; i++) {
      machine.hear({ type: "pong", token: 1 });
      expect(machine.feed({ type: "timer", timer: "liveness" }).filter(isSending)).toEqual([]);
    }
    machine.feed({ type: "timer", timer: "liveness" });
    machine.hear({ type: "pong", token: 1 });
    machine.feed({ type: "timer", timer: "liveness" }, { type: "timer", timer: "liveness" });
    expect(machine.state.phase).toBe("open");
  });
});

function open(...ids: readonly ReturnType<typeof databaseOf>[]): Message {
  const list = ids.length === 0 ? [parseDatabaseId(database)] : ids;
  return { type: "open", items: list.map((id) => ({ id, digest, position: null })) };
}

function isSending(effect: Effect): boolean {
  return effect.type.startsWith("send");
}

/** A comparable copy: tables as lists, maps as entries, bytes as hexadecimal. */
function structuredCloneOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return [...value].map(([key, item]) => [key, structuredCloneOf(item)]);
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (typeof value === "object" && value !== null && Symbol.iterator in value) {
    return [...(value as Iterable<unknown>)].map(structuredCloneOf);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, structuredCloneOf(item)]));
  }
  return value;
}
