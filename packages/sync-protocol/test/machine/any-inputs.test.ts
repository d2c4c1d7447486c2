import { parseBlobHash, parseEntryId, parseKeyTag, parseWriterKey, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_RIGHTS, SyncError } from "../../src/index.ts";
import { namesIn } from "../../src/machine/database.ts";
import type { Effect } from "../../src/machine/effect.ts";
import type { Input } from "../../src/machine/input.ts";
import type { Databases } from "../../src/machine/state.ts";
import type { Message } from "../../src/message/message.ts";
import { Machine, machineOptions, openMachine } from "../support/machine.ts";
import { bytesOf, databaseOf, tenant } from "../support/writer.ts";

const digest = bytesOf("digest", 16);

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
  const places = fc.array(fc.record({ writer, seq: small, index: small }), { minLength: 1, maxLength: 3 });
  const wanted = fc.record({
    recipients: fc.array(bytes(32), { maxLength: 2 }),
    tags: fc.array(bytes(16).map(parseKeyTag), { maxLength: 2 }),
    contentsOnly: fc.boolean(),
  });
  const message = fc.oneof(
    fc.record({
      type: fc.constant("open" as const),
      items: fc.array(
        fc.record({ id, digest: bytes(16), position, wanted }, { requiredKeys: ["id", "digest", "position"] }),
        {
          maxLength: 3,
        },
      ),
    }),
    fc.record({ type: fc.constant("want" as const), handle: small, wanted: fc.option(wanted, { nil: null }) }),
    fc.record({ type: fc.constant("opened" as const), first: small, answers: fc.array(answer, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("vector" as const), handle: small, reply: fc.boolean(), asks: fc.boolean(), vector }),
    fc.record({ type: fc.constant("entries" as const), handle: small, position, runs: bytes(3) }),
    fc.record({
      type: fc.constant("ack" as const),
      frames: small,
      credit: small,
      exceptions: fc.array(
        exception.chain((item) => small.map((frame) => ({ ...item, frame }))),
        { maxLength: 2 },
      ),
      reached: fc.array(fc.record({ handle: small, position: small }), { maxLength: 2 }),
    }),
    fc.record({ type: fc.constant("caughtUp" as const), handle: small, position: small, digest: bytes(16) }),
    fc.record({ type: fc.constant("fence" as const), token: small, handles: fc.array(small, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("fetch" as const), handle: small, places }),
    fc.record({
      type: fc.constant("parts" as const),
      handle: small,
      parts: fc.array(fc.option(bytes(144), { nil: null }), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      type: fc.constant("fetchBlob" as const),
      hash: bytes(32).map(parseBlobHash),
      from: small,
      length: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({
      type: fc.constant("blob" as const),
      piece: fc.option(fc.record({ size: small, bytes: fc.uint8Array({ maxLength: 3 }) }), { nil: null }),
    }),
    fc.record({ type: fc.constant("askTicket" as const) }),
    fc.record({ type: fc.constant("ticket" as const), ticket: fc.option(bytes(32), { nil: null }) }),
    fc.record({ type: fc.constant("close" as const), handles: fc.array(small, { maxLength: 3 }) }),
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
  const asked = fc.oneof(
    fc.record({ caller: small, about: fc.constant("parts" as const), database: id, places }),
    fc.record({
      caller: small,
      about: fc.constant("tenant" as const),
      question: fc.oneof(
        fc.record({
          type: fc.constant("fetchBlob" as const),
          hash: bytes(32).map(parseBlobHash),
          from: small,
          length: fc.integer({ min: 1, max: 9 }),
        }),
        fc.constant({ type: "askTicket" as const }),
      ),
    }),
  );
  const wish = fc.oneof(
    fc.record({
      type: fc.constant("open" as const),
      caller: small,
      requests: fc.array(fc.record({ id, position, wanted: fc.option(wanted, { nil: null }) }), { maxLength: 3 }),
    }),
    fc.record({
      type: fc.constant("closeDatabases" as const),
      caller: small,
      databases: fc.array(id, { maxLength: 3 }),
    }),
    fc.record({ type: fc.constantFrom("announce" as const, "compare" as const), database: id }),
    fc.record({ type: fc.constant("want" as const), database: id, wanted: fc.option(wanted, { nil: null }) }),
    fc.record({ type: fc.constant("ask" as const), wish: asked }),
    fc.record({ type: fc.constant("sync" as const), caller: small, databases: fc.array(id, { maxLength: 3 }) }),
    fc.record({ type: fc.constant("present" as const), caller: small, documents: fc.constant([]) }),
    fc.record({ type: fc.constant("reconsider" as const) }),
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
        fc.option(id, { nil: null }),
        (role, isOpen, events, lead) => {
          const machine = isOpen
            ? openMachine(role, ALL_RIGHTS, { lead })
            : new Machine(machineOptions(role, { lead }));
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
          const { outbox, inbox, flight, databases } = machine.state;
          expect(outbox.uploads.length + outbox.replies.length + outbox.reached.length).toBeLessThan(200);
          for (const side of ["ours", "theirs"] as const)
            expect(databases.wanted[side]).toBe(wantedIn(databases, side));
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
          snapshots: effect.handles.map(() => ({
            position: bits % 7,
            digest,
            asks: bits % 5 === 0,
            isAhead: bits % 2 === 0,
          })),
        };
      case "openReplicas":
        return {
          type: "replicasOpened",
          first: effect.first,
          handles: effect.handles,
          opened: effect.items.flatMap(({ handle }, index) =>
            (bits >> index) % 4 === 0
              ? []
              : [{ handle, position: bits % 7, equal: (bits >> index) % 4 === 1, asks: (bits >> index) % 4 === 2 }],
          ),
        };
      case "diff":
      case "diffAssumed":
        return {
          type: "diffed",
          handle: effect.handle,
          position: bits % 7,
          missing: chains,
          forked: chains.slice(2).map(({ writer: key, to }) => ({ writer: key, seq: to })),
        };
      case "compareDigest":
        return {
          type: "compared",
          handle: effect.handle,
          equal: bits % 2 === 0,
          isAhead: bits % 4 === 0,
          position: bits % 7,
        };
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
        const { source, handle, lead } = effect;
        if (lead !== null && bits % 3 === 0) return { type: "sliceHeld", handle, lead: lead.handle };
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

const wantedIn = ({ ours, theirs }: Databases, side: "ours" | "theirs"): number =>
  [...ours, ...theirs].reduce((sum, { wanted }) => sum + namesIn(wanted[side]), 0);
