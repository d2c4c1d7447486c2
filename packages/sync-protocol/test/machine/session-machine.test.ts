import { parseDatabaseId, parseEntryId, parseSignature, parseWriterKey, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_RIGHTS, SyncError } from "../../src/index.ts";
import type { Effect } from "../../src/machine/effect.ts";
import type { Input } from "../../src/machine/input.ts";
import { step } from "../../src/machine/session-machine.ts";
import type { Message } from "../../src/message/message.ts";
import { Machine, machineOptions, openMachine } from "../support/machine.ts";
import { bytesOf, databaseOf, tenant } from "../support/writer.ts";

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
      opened: [{ handle: 0, position: 5, equal: false }],
    });
    const size = (): number => JSON.stringify(structuredCloneOf(machine.state)).length;
    const ask = (): void => {
      machine.hear({ type: "ping", token: 1 }, { type: "vector", handle: 0, reply: true, vector: new Map() });
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
    const opened = handles.map((handle) => ({ handle, position: 5, equal: false }));
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
      opened: [{ handle: 0, position: 0, equal: false }],
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
    expect(acks).toEqual([{ type: "ack", frames: 50, credit: 5_000, exceptions: [] }]);
  });
});

describe("what others append meanwhile", () => {
  test("is not taken for the peer's own: the tail looks at it", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({ type: "replicasOpened", first: 0, handles: [0], opened: [{ handle: 0, position: 0, equal: true }] });
    machine.drain();
    const deliver = (before: number, after: number, appended: number) => {
      machine.hear({ type: "entries", handle: 0, position: null, runs: Uint8Array.of(1) });
      const frame = machine.state.inbox.arrived - 1;
      const frames = [{ frame, exceptions: [], junk: 0, forks: [] }];
      return machine.feed({ type: "delivered", handle: 0, frames, before, after, appended }, { type: "writable" });
    };
    expect(deliver(0, 3, 3).filter(({ type }) => type === "forgetEchoes")).toHaveLength(1);
    expect(deliver(3, 9, 3)).toContainEqual({ type: "sendSlice", handle: 0, source: { type: "tail", after: 3 } });
    // Nor is what was there before, and is not sent yet, when only the peer's own came after it.
    expect(deliver(12, 14, 2).filter(({ type }) => type === "forgetEchoes")).toEqual([]);
    expect(machine.feed({ type: "writable" })).toContainEqual({
      type: "sendSlice",
      handle: 0,
      source: { type: "tail", after: 3 },
    });
  });
});

describe("opening", () => {
  const opened = (machine: Machine, position: number, equal: boolean) =>
    machine.feed({ type: "replicasOpened", first: 0, handles: [0], opened: [{ handle: 0, position, equal }] });

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
      { type: "sendSlice", handle: 0, source: { type: "tail", after: 4 } },
    ]);
    machine.feed({ type: "announce", database });
    const result = { type: "tail", position: 5, done: true } as const;
    machine.feed({ type: "sliceRead", handle: 0, result, frame: null });
    const sent = [machine.feed({ type: "writable" }), machine.feed({ type: "writable" })].flat();
    expect(sent).toContainEqual({ type: "sendSlice", handle: 0, source: { type: "tail", after: 5 } });
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
    expect(machine.effects).toContainEqual({ type: "sendSlice", handle: 0, source: { type: "tail", after: 5 } });
  });
});

describe("fences", () => {
  test("F4 of a peer that does not read are bounded, answered ones too", () => {
    const machine = openMachine("listener");
    machine.hear({ type: "open", items: [{ id: database, digest, position: null }] });
    machine.feed({ type: "replicasOpened", first: 0, handles: [0], opened: [{ handle: 0, position: 0, equal: true }] });
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

describe("documents presented later", () => {
  const present = { type: "present", documents: [] } as const;
  const login = (options: { readonly guarded: boolean }) => {
    const machine = new Machine(machineOptions("listener", options));
    const key = bytesOf("key");
    const claim = {
      type: "claim",
      kind: "login",
      tenant,
      key,
      origin: "pipe:test",
      documents: [],
      signature: parseSignature(new Uint8Array(64)),
    } as const;
    machine.feed({ type: "start" });
    machine.hear({ type: "hello", role: "dialler", nonce: bytesOf("n"), windowBytes: 1, databases: 1 }, claim);
    machine.feed({ type: "proofChecked", valid: true });
    if (options.guarded) machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.feed({ type: "claimed", claim: { ...claim, kind: "none", key: null, signature: null } });
    machine.hear({ type: "admitted", rights: ALL_RIGHTS, generation: new Uint8Array(8) });
    expect(machine.state.phase).toBe("open");
    machine.drain();
    return machine;
  };

  test("are judged one presentation at a time, and the next only once the answer is on its way", () => {
    const machine = login({ guarded: true });
    expect(machine.hear(present)).toMatchObject([{ type: "judge", claim: { type: "login", documents: [] } }]);
    machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.feed({ type: "writable" });
    expect(machine.hear(present)).toMatchObject([{ type: "judge" }]);
    machine.hear(present);
    expect(machine.state.phase).toBe("closed");
  });

  test("are not taken while the answer to the ones before waits to be sent", () => {
    const machine = login({ guarded: true });
    machine.hear({ type: "ping", token: 1 }, present);
    machine.feed({ type: "judged", admission: { type: "admitted", rights: ALL_RIGHTS } });
    machine.hear(present);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "UNEXPECTED_MESSAGE" } });
  });

  test("are not taken by a side without a gatekeeper", () => {
    const machine = login({ guarded: false });
    machine.hear(present);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "UNEXPECTED_MESSAGE" } });
  });
});

describe("a peer that breaks the rules", () => {
  const violations: readonly (readonly [string, "dialler" | "listener", readonly Message[]])[] = [
    [
      "a message about a database that is not open",
      "listener",
      [{ type: "vector", handle: 0, reply: false, vector: new Map() }],
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
    ["an acknowledgement of what was not sent", "dialler", [{ type: "ack", frames: 1, credit: 0, exceptions: [] }]],
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

describe("any sequence of inputs", () => {
  const small = fc.nat(6);
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const id = small.map((index) => databaseOf(`fuzz ${index}`));
  const writer = small.map((index) => parseWriterKey(bytesOf(`writer ${index}`)));
  const vector = fc
    .array(fc.tuple(writer, small), { maxLength: 3 })
    .map(
      (heads) =>
        new Map(heads.map(([key, seq]) => [toHex(key), { seq, id: parseEntryId(bytesOf(`id ${seq}`)) }] as const)),
    );
  const position = fc.option(small, { nil: null });
  const missing = fc.record({ writer, from: small, to: small });
  const exception = fc.oneof(
    fc.record({ run: small, type: fc.constant("gap" as const), have: small }),
    fc.record({ run: small, type: fc.constant("fork" as const), seq: small, ours: bytes(32).map(parseEntryId) }),
    fc.record({ run: small, type: fc.constant("refused" as const), code: fc.constant("NO") }),
  );
  const answer = fc.oneof(
    fc.record({ type: fc.constant("same" as const), position }),
    fc.constantFrom("streaming", "different", "unknown", "crossed").map((type) => ({ type }) as { type: "streaming" }),
  );
  const message = fc.oneof(
    fc.record({
      type: fc.constant("open" as const),
      items: fc.array(fc.record({ id, digest: bytes(16), position }), { maxLength: 3 }),
    }),
    fc.record({ type: fc.constant("opened" as const), first: small, answers: fc.array(answer, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("vector" as const), handle: small, reply: fc.boolean(), vector }),
    fc.record({ type: fc.constant("entries" as const), handle: small, position, runs: bytes(3) }),
    fc.record({
      type: fc.constant("ack" as const),
      frames: small,
      credit: small,
      exceptions: fc.array(
        exception.chain((item) => small.map((frame) => ({ ...item, frame }))),
        { maxLength: 2 },
      ),
    }),
    fc.record({ type: fc.constant("caughtUp" as const), handle: small, position: small, digest: bytes(16) }),
    fc.record({ type: fc.constant("fence" as const), token: small, handles: fc.array(small, { maxLength: 3 }) }),
    fc.record({ type: fc.constantFrom("fenced" as const, "ping" as const, "pong" as const), token: small }),
    fc.record({ type: fc.constant("present" as const), documents: fc.constant([]) }),
    fc.record({ type: fc.constant("goaway" as const), afterMs: small, withinMs: small }),
    fc.record({
      type: fc.constant("admitted" as const),
      rights: fc.constant({ pull: true, push: false, purge: false }),
      generation: bytes(8),
    }),
    fc.record({ type: fc.constantFrom("error" as const, "refused" as const), code: fc.constant("NO") }),
  );
  const wish = fc.oneof(
    fc.record({
      type: fc.constant("open" as const),
      caller: small,
      requests: fc.array(fc.record({ id, position }), { maxLength: 3 }),
    }),
    fc.record({ type: fc.constantFrom("announce" as const, "compare" as const), database: id }),
    fc.record({ type: fc.constant("sync" as const), caller: small, databases: fc.array(id, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("present" as const), caller: small, documents: fc.constant([]) }),
    fc.record({ type: fc.constant("leave" as const), afterMs: small, withinMs: small }),
    fc.constant({ type: "close" as const, code: null }),
  );
  const event = fc.oneof(
    {
      weight: 8,
      arbitrary: message.map((item) => ({ type: "message" as const, message: item as Message, bytes: 50 })),
    },
    { weight: 4, arbitrary: wish },
    { weight: 4, arbitrary: fc.constant({ type: "writable" as const }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("handshake" as const, "liveness" as const)
        .map((timer) => ({ type: "timer" as const, timer })),
    },
  );
  /** How the driver's answers turn out. */
  const luck = fc.record({
    bits: fc.nat(),
    missing: fc.array(missing, { maxLength: 3 }),
    exceptions: fc.array(exception, { maxLength: 2 }),
  });

  test("ends in an open session or a SyncError, and never in anything else", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("dialler" as const, "listener" as const),
        fc.boolean(),
        fc.array(fc.tuple(event, luck), { maxLength: 60 }),
        (role, isOpen, events) => {
          const machine = isOpen ? openMachine(role) : new Machine(machineOptions(role));
          for (const [input, fortune] of events) {
            for (const effect of [...machine.feed(input)]) {
              const reply = answerTo(effect, fortune);
              if (reply !== null) machine.feed(reply);
            }
          }
          const closes = machine.effects.filter((effect) => effect.type === "close");
          expect(closes.length).toBe(machine.state.phase === "closed" ? 1 : 0);
          for (const { error } of closes) expect(error === null || error instanceof SyncError).toBe(true);
          // Only one thing is ever being sent.
          const { outbox, inbox, flight } = machine.state;
          expect(outbox.uploads.length + outbox.replies.length).toBeLessThan(200);
          expect(inbox.barriers.length).toBeLessThan(100);
          expect(flight.frames.length).toBeLessThanOrEqual(1_024);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  type Luck = typeof luck extends fc.Arbitrary<infer T> ? T : never;

  function answerTo(effect: Effect, { bits, missing: chains, exceptions }: Luck): Input | null {
    switch (effect.type) {
      case "prepare":
        return {
          type: "prepared",
          handles: effect.handles,
          snapshots: effect.handles.map(() => ({ position: bits % 7, digest })),
        };
      case "openReplicas":
        return {
          type: "replicasOpened",
          first: effect.first,
          handles: effect.handles,
          opened: effect.items.flatMap(({ handle }, index) =>
            (bits >> index) % 4 === 0 ? [] : [{ handle, position: bits % 7, equal: (bits >> index) % 4 === 1 }],
          ),
        };
      case "diff":
        return {
          type: "diffed",
          handle: effect.handle,
          position: bits % 7,
          missing: chains,
          forked: chains.slice(2).map(({ writer: key, to }) => ({ writer: key, seq: to })),
        };
      case "compareDigest":
        return { type: "compared", handle: effect.handle, equal: bits % 2 === 0, position: bits % 7 };
      case "readPositions":
        return { type: "positions", fence: effect.fence, positions: effect.handles.map(() => bits % 5) };
      case "deliver":
        return {
          type: "delivered",
          handle: effect.handle,
          frames: [
            {
              frame: effect.frame,
              exceptions,
              junk: bits % 9 === 0 ? 1 : 0,
              forks: chains.slice(2).map(({ writer: key, to }) => ({ writer: key, seq: to })),
            },
          ],
          before: bits % 5,
          after: (bits % 5) + 1,
          appended: bits % 3,
        };
      case "sendSlice": {
        const { source, handle } = effect;
        const runs = chains.map(({ writer: key, from, to }) => ({
          writer: key,
          firstSeq: from,
          head: { seq: to, id: parseEntryId(bytesOf("head")) },
        }));
        const frame = runs.length === 0 ? null : { bytes: 500, runs };
        const result =
          source.type === "tail"
            ? { type: "tail" as const, position: source.after + (bits % 2), done: bits % 3 > 0 }
            : {
                type: "missing" as const,
                round: source.round,
                done: bits % (source.items.length + 1),
                from: bits % 2 === 0 ? null : bits % 7,
                damaged: bits % 5 === 0,
              };
        return { type: "sliceRead", handle, result, frame };
      }
      case "makeClaim":
        return {
          type: "claimed",
          claim: {
            type: "claim",
            kind: "none",
            tenant: effect.subject?.tenant ?? tenant,
            key: null,
            origin: "pipe:test",
            documents: [],
            signature: null,
          },
        };
      default:
        return null;
    }
  }
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
