// The documents of one database, fed as ingest feeds them: real entries of people that a directory admits.
import * as Automerge from "@automerge/automerge";
import { asPlaintext } from "@selkie/crypto";
import { fromHex, toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import type { DocumentRecord } from "../../src/document/document-record.ts";
import { Documents } from "../../src/document/documents.ts";
import type { Delivery } from "../../src/replica/ingest.ts";
import { Quarantine, type Quarantined } from "../../src/replica/quarantine.ts";
import { encodeChangePart } from "../../src/sealing/change-part.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { type HandMadeChange, handMade, type Made } from "../automerge/hand-made-change.ts";
import { type Author, Lab, placeOf } from "../database/lab.ts";
import { pattern, say, testRing } from "../fixture.ts";
import { permutations } from "../permutations.ts";

const PLACE = placeOf("document");
const NAME = docIdOf(PLACE);

/** A lab with Bob, Carol and Dave, and what an empty database makes of their entries. */
class Desk {
  readonly lab: Lab;
  readonly bob: Author;
  readonly carol: Author;
  readonly dave: Author;
  readonly announced: Quarantined[] = [];
  /** Keys, in hexadecimal, that nobody may write under. */
  readonly lost = new Set<string>();
  quarantine: Quarantine = this.#newQuarantine();
  documents: Documents;

  private constructor(lab: Lab, [bob, carol, dave]: readonly [Author, Author, Author]) {
    this.lab = lab;
    this.bob = bob;
    this.carol = carol;
    this.dave = dave;
    this.documents = this.#newDocuments();
  }

  static async begin(seed: string): Promise<Desk> {
    const lab = await Lab.begin(seed, ["default", "board"]);
    return new Desk(lab, [await lab.author("bob"), await lab.author("carol"), await lab.author("dave")]);
  }

  get record(): DocumentRecord | undefined {
    return this.documents.get(NAME);
  }

  /** The hashes of what counts. */
  get counting(): readonly string[] {
    const changes = this.record?.changes ?? [];
    return changes.map((bytes) => Automerge.decodeChange(bytes).hash);
  }

  reset(): void {
    this.announced.length = 0;
    this.quarantine = this.#newQuarantine();
    this.documents = this.#newDocuments();
  }

  change(author: Author, change: HandMadeChange = {}): Made {
    return handMade({
      ops: [{ value: 1 }],
      ...change,
      actor: author.actor(PLACE),
    });
  }

  /** An entry with one change each. */
  write(author: Author, ...changes: readonly Made[]): Promise<VerifiedRun> {
    return author.write(...changes.map(({ bytes }) => [author.part(PLACE, bytes)]));
  }

  async deliveries(...runs: readonly VerifiedRun[]): Promise<readonly Delivery[]> {
    const { crypto, directoryKey, keys, world } = this.lab;
    const entries = runs.flatMap((run) => run.entries);
    const opened = await openEntries(crypto, testRing(crypto, directoryKey, ...keys), entries, ["change"]);
    return entries.map((entry, at) => {
      const author = [this.bob, this.carol, this.dave].find(
        ({ writer }) => toHex(writer) === toHex(entry.header.writer),
      );
      const admission = author && world.view().admission(author.admission);
      return { entry, admission: admission ?? expect.fail("an admitted author"), parts: opened[at] ?? [] };
    });
  }

  /** The hashes of what is new in the document. */
  async receive(...runs: readonly VerifiedRun[]): Promise<readonly string[]> {
    const fresh = this.documents.receive(await this.deliveries(...runs));
    return [...fresh.values()].flat().map((bytes) => Automerge.decodeChange(bytes).hash);
  }

  #newQuarantine(): Quarantine {
    return new Quarantine((item) => this.announced.push(item));
  }

  #newDocuments(): Documents {
    return new Documents(this.lab.crypto, this.quarantine, { of: (_, keyId) => !this.lost.has(toHex(keyId)) });
  }
}

const hashes = (...changes: readonly Made[]): readonly string[] => changes.map(({ hash }) => hash);

describe("received changes", () => {
  test("count in an order that can be applied, whatever the order of arrival, and are new once", async () => {
    const desk = await Desk.begin("orders");
    const { bob, carol, dave } = desk;
    const one = desk.change(bob);
    const two = desk.change(carol, { deps: [one.hash], startOp: 2 });
    const three = desk.change(dave, { deps: [two.hash], startOp: 3 });
    const [first, second, third] = [
      await desk.write(bob, one),
      await desk.write(carol, two),
      await desk.write(dave, three),
    ];
    for (const order of permutations([first, second, third])) {
      desk.reset();
      const fresh: string[] = [];
      for (const run of order) fresh.push(...(await desk.receive(run)));
      expect(fresh).toEqual(hashes(one, two, three));
      expect(desk.counting).toEqual(fresh);
      expect(await desk.receive(first, second, third)).toEqual([]);
      expect(desk.counting).toEqual(fresh);
      expect(desk.announced).toEqual([]);
    }
  });

  test("that wait for others are no document yet, and touch it all the same", async () => {
    const desk = await Desk.begin("waiting");
    const { bob, carol, documents } = desk;
    const one = desk.change(bob);
    const two = desk.change(carol, { deps: [one.hash], startOp: 2 });
    expect(await desk.receive(await desk.write(carol, two))).toEqual([]);
    expect([desk.record, [...documents.all()]]).toEqual([undefined, []]);
    expect([documents.isTouched(NAME), documents.waitsFor(carol.writer)]).toEqual([true, true]);
    const writers = (): unknown => documents.writersOf(new Set([NAME]), [bob.writer, carol.writer]);
    expect(writers()).toEqual(new Set([carol.writer]));
    expect(await desk.receive(await desk.write(bob, one))).toEqual(hashes(one, two));
    expect(documents.waitsFor(carol.writer)).toBe(false);
    expect(writers()).toEqual(new Set([bob.writer, carol.writer]));
  });

  test("delete a document while one of the latest marks does, in every order of arrival", async () => {
    const desk = await Desk.begin("marks");
    const { bob, carol, dave } = desk;
    const one = desk.change(bob);
    const gone = desk.change(dave, { deps: [one.hash], startOp: 2, ops: [] });
    const back = desk.change(carol, { deps: [one.hash], startOp: 2, ops: [] });
    const after = desk.change(carol, { deps: [gone.hash, back.hash].sort(), seq: 2, startOp: 2, ops: [] });
    const mark = (author: Author, made: Made, kind: "delete" | "undelete") =>
      author.write([author.part(PLACE, made.bytes, { kind })]);
    const runs = [await desk.write(bob, one), await mark(dave, gone, "delete"), await mark(carol, back, "undelete")];
    const last = await mark(carol, after, "undelete");
    for (const order of permutations(runs)) {
      desk.reset();
      for (const run of order) await desk.receive(run);
      expect(desk.record?.deleted).toBe(true);
      await desk.receive(last);
      expect(desk.record?.deleted).toBe(false);
      expect(desk.record?.latestMarks.map(({ hash }) => toHex(hash))).toEqual([after.hash]);
    }
  });
});

describe("what may not count", () => {
  type Bad = (desk: Desk) => readonly PartDraft[];
  const key = ({ lab }: Desk) => lab.keys[0] ?? expect.fail("a key");
  const bad: Record<string, Bad> = {
    PART_MALFORMED: (desk) => [{ kind: "change", key: key(desk), plaintext: asPlaintext(new Uint8Array(128).fill(1)) }],
    UPDATE_NEEDED: (desk) => [{ kind: "change", key: key(desk), plaintext: say("of a later version") }],
    BRANCH_UNKNOWN: (desk) => {
      const document = { type: "counter", counter: 0 } as const;
      const more = { branch: pattern("branch", 16), time: 0, metadata: null, payload: desk.change(desk.bob).bytes };
      return [
        {
          kind: "change",
          key: key(desk),
          plaintext: encodeChangePart({ kind: "change", codec: 0, document, ...more }),
        },
      ];
    },
    CHANGE_ACTOR_FORGED: (desk) => [desk.bob.part(PLACE, desk.change(desk.carol).bytes)],
    CHANGE_CHECKSUM: (desk) => [desk.bob.part(PLACE, desk.change(desk.bob, { checksum: [1, 2, 3, 4] }).bytes)],
    CHANGE_FORBIDDEN_KEY: (desk) => {
      const ops = [{ key: { text: "__proto__" }, value: 1 }];
      return [desk.bob.part(PLACE, desk.change(desk.bob, { ops }).bytes)];
    },
    WRITE_NOT_ENTITLED: (desk) => {
      desk.lost.add(toHex(key(desk).keyId));
      return [desk.bob.part(PLACE, desk.change(desk.bob).bytes)];
    },
  };

  test.each(Object.entries(bad))(
    "is announced as %s, takes no place, and does not stop what comes with it",
    async (reason, parts) => {
      const desk = await Desk.begin(reason);
      const run = await desk.bob.write(parts(desk));
      const good = await desk.write(desk.carol, desk.change(desk.carol));
      const entryId = toHex(run.entries[0]?.id ?? expect.fail("an entry"));
      expect(await desk.receive(run)).toEqual([]);
      expect([...desk.documents.all()]).toEqual([]);
      desk.lost.clear();
      expect((await desk.receive(run, good)).length).toBe(reason === "WRITE_NOT_ENTITLED" ? 2 : 1);
      expect(desk.announced).toEqual([{ entryId, user: "CN=bob/O=acme", reason }]);
    },
  );

  test("D11 is a reader's change", async () => {
    const desk = await Desk.begin("reader");
    const [delivery] = await desk.deliveries(await desk.write(desk.bob, desk.change(desk.bob)));
    if (delivery === undefined) return expect.fail("a delivery");
    const fresh = desk.documents.receive([{ ...delivery, admission: { ...delivery.admission, role: "reader" } }]);
    expect([fresh.size, [...desk.documents.all()]]).toEqual([0, []]);
    expect(desk.announced).toMatchObject([{ reason: "WRITE_NOT_ALLOWED" }]);
  });

  test("D1 is one of two changes with one number, for everybody the one that came first until chains are judged", async () => {
    const desk = await Desk.begin("equivocation");
    const [one, other] = [desk.change(desk.bob), desk.change(desk.bob, { ops: [{ value: 2 }] })];
    expect(await desk.receive(await desk.write(desk.bob, one, other))).toEqual(hashes(one));
    expect(desk.announced).toMatchObject([{ reason: "CHANGE_EQUIVOCATION" }]);
  });
});

describe("changes of this device", () => {
  test("pass the same gate, and are known when their own entry comes", async () => {
    const desk = await Desk.begin("own");
    const { bob, documents } = desk;
    const record = documents.ensure(PLACE);
    const one = desk.change(bob);
    documents.own(record, bob.writer, "create", one.bytes);
    documents.own(record, bob.writer, "create", one.bytes);
    expect(desk.counting).toEqual(hashes(one));
    for (const wrong of [
      desk.change(desk.carol),
      desk.change(bob, { seq: 2, startOp: 2, deps: ["00".repeat(32)] }),
      desk.change(bob, { seq: 3, startOp: 2, deps: [one.hash] }),
      desk.change(bob, { seq: 2, startOp: 9, deps: [one.hash] }),
    ])
      expect(() => documents.own(record, bob.writer, "change", wrong.bytes)).toThrow(
        expect.objectContaining({ code: "CHANGE_REFUSED" }),
      );
    expect(desk.counting).toEqual(hashes(one));
    expect(await desk.receive(await desk.write(bob, one))).toEqual([]);
  });

  test("that are plain are judged later, and those that may be too large at once", async () => {
    const desk = await Desk.begin("plain");
    const { bob, documents } = desk;
    const record = documents.ensure(PLACE);
    const one = desk.change(bob);
    documents.own(record, bob.writer, "create", one.bytes);
    expect(documents.ownPlain(record, bob.writer, new Uint8Array(changeLimits.bytes + 1))).toBe(false);
    const plain = desk.change(bob, { seq: 2, startOp: 2, deps: [one.hash] });
    expect(documents.ownPlain(record, bob.writer, plain.bytes)).toBe(true);
    expect(documents.judge([NAME])).toBe(true);
    expect(desk.counting).toEqual(hashes(one, plain));
    // Its claim to be plain was the editor's word: the gate has the last.
    documents.ownPlain(record, bob.writer, desk.change(bob, { seq: 9, startOp: 3, deps: [plain.hash] }).bytes);
    expect(documents.judge([NAME])).toBe(false);
    expect(desk.counting).toEqual(hashes(one, plain));
  });

  test("about to create a document are forgotten, and one that others write in is not", async () => {
    const desk = await Desk.begin("forget");
    const { bob, carol, documents } = desk;
    const one = desk.change(bob);
    const create = (): DocumentRecord => {
      const record = documents.ensure(PLACE);
      documents.own(record, bob.writer, "create", one.bytes);
      return record;
    };
    documents.forget(create());
    expect(desk.record).toBeUndefined();
    const record = create();
    await desk.receive(await desk.write(carol, desk.change(carol)));
    documents.forget(record);
    expect(desk.record).toBe(record);
  });
});

describe("a document that is built anew", () => {
  test("says what is new in it, that something counts no more, or nothing", async () => {
    const desk = await Desk.begin("rebuilt");
    const { bob, carol, documents } = desk;
    const [one, two] = [desk.change(bob), desk.change(carol)];
    const [first, second] = [await desk.write(bob, one), await desk.write(carol, two)];
    await desk.receive(first);
    const rebuild = async (...runs: readonly VerifiedRun[]) => {
      const rebuilt = documents.blank(new Set([NAME]));
      rebuilt.receive(await desk.deliveries(...runs));
      const { replaced, waiting } = documents.adopt(rebuilt, null);
      expect(waiting).toBe(0);
      return [...replaced.values()].map((fresh) =>
        fresh === "reset" ? fresh : fresh.map((bytes) => Automerge.decodeChange(bytes).hash),
      );
    };
    const record = desk.record;
    expect(await rebuild(first)).toEqual([]);
    expect(await rebuild(first, second)).toEqual([hashes(two)]);
    expect(await rebuild(second)).toEqual(["reset"]);
    expect(desk.counting).toEqual(hashes(two));
    expect(await rebuild()).toEqual(["reset"]);
    expect(desk.record).toBe(record); // whoever reads it reads on in the same one
    expect(await rebuild(second, first)).toEqual([hashes(two, one)]);
  });

  test("keeps what this device made and no entry holds; what that builds on may be gone, then it waits, and blocks what follows", async () => {
    const desk = await Desk.begin("carried");
    const { bob, carol, documents } = desk;
    const one = desk.change(bob);
    const run = await desk.write(bob, one);
    await desk.receive(run);
    const record = documents.ensure(PLACE);
    const alone = desk.change(carol);
    const onTop = desk.change(carol, { seq: 2, startOp: 2, deps: [alone.hash, one.hash].sort() });
    documents.own(record, carol.writer, "change", alone.bytes);
    documents.own(record, carol.writer, "change", onTop.bytes);
    const waits = expect.objectContaining({ code: "CHANGE_REFUSED", message: expect.stringContaining("wait") });
    const { replaced, waiting } = documents.adopt(documents.blank(new Set([NAME])), carol.writer);
    expect([[...replaced.values()], waiting]).toEqual([["reset"], 1]);
    expect(desk.counting).toEqual(hashes(alone));
    const next = desk.change(carol, { seq: 2, startOp: 2, deps: [alone.hash] });
    expect(documents.has(record, fromHex(alone.hash))).toBe(true);
    expect(() => documents.own(record, carol.writer, "change", next.bytes)).toThrow(waits);
    expect(() => documents.ownPlain(record, carol.writer, next.bytes)).toThrow(waits);
    expect(await desk.receive(run)).toEqual(hashes(one, onTop));
    documents.own(record, carol.writer, "change", desk.change(carol, { seq: 3, startOp: 3, deps: [onTop.hash] }).bytes);
    expect(desk.counting.length).toBe(4);
  });

  test("announces what counts for nothing once, and forgets what counts after all", async () => {
    const desk = await Desk.begin("announced");
    const { bob, documents } = desk;
    const run = await desk.write(bob, desk.change(bob));
    const [lost] = desk.lab.keys;
    desk.lost.add(toHex(lost?.keyId ?? new Uint8Array()));
    await desk.receive(run);
    const rebuild = async () => {
      const rebuilt = documents.blank(new Set([NAME]));
      rebuilt.receive(await desk.deliveries(run));
      documents.adopt(rebuilt, null);
      return [...desk.quarantine.list()];
    };
    expect(await rebuild()).toMatchObject([{ reason: "WRITE_NOT_ENTITLED" }]);
    expect(documents.isTouched(NAME)).toBe(true);
    desk.lost.clear();
    expect(await rebuild()).toEqual([]);
    expect(desk.counting.length).toBe(1);
    expect(desk.announced).toMatchObject([{ reason: "WRITE_NOT_ENTITLED" }]);
  });
});
