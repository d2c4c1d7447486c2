// The documents of one database, fed as ingest feeds them: real entries of people that a directory admits.
import * as Automerge from "@automerge/automerge";
import { equalBytes, toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";
import { expect } from "vitest";
import type { Admission } from "../../src/directory/admission.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import type { DocumentRecord } from "../../src/document/document-record.ts";
import type { DocumentState } from "../../src/document/document-state.ts";
import { Documents } from "../../src/document/documents.ts";
import { OwnChanges } from "../../src/document/own-changes.ts";
import { ReceivedParts, type Rights } from "../../src/document/received-parts.ts";
import { ReplacedChanges } from "../../src/document/replaced-changes.ts";
import { WaitingChanges } from "../../src/document/waiting-changes.ts";
import type { Delivery } from "../../src/replica/delivery.ts";
import { Quarantine, type Quarantined } from "../../src/replica/quarantine.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { type HandMadeChange, handMade, type Made } from "../automerge/hand-made-change.ts";
import { type Author, Lab, placeOf } from "../database/lab.ts";
import { testRing } from "../fixture.ts";

export const PLACE = placeOf("document");
export const NAME = docIdOf(PLACE);

/** A lab with Bob, Carol and Dave, and what an empty database makes of their entries. */
export class Desk {
  readonly lab: Lab;
  readonly bob: Author;
  readonly carol: Author;
  readonly dave: Author;
  /** Other chains that a test brings. */
  readonly others: Author[] = [];
  readonly announced: Quarantined[] = [];
  /** Keys, in hexadecimal, that nobody may write under. */
  readonly lost = new Set<string>();
  readonly rights: Rights = {
    of: (_, keyId) => !this.lost.has(toHex(keyId)),
    deviceOf: (writer) => toHex(this.#admissionOf(writer).device),
  };
  state: DocumentState;
  received: ReceivedParts;
  ownChanges: OwnChanges;

  private constructor(lab: Lab, [bob, carol, dave]: readonly [Author, Author, Author]) {
    this.lab = lab;
    this.bob = bob;
    this.carol = carol;
    this.dave = dave;
    this.state = this.#newState();
    this.received = new ReceivedParts(this.state, this.rights);
    this.ownChanges = new OwnChanges(this.documents, this.state.waiting);
  }

  static async begin(seed: string): Promise<Desk> {
    const lab = await Lab.begin(seed, ["default", "board"]);
    return new Desk(lab, [await lab.author("bob"), await lab.author("carol"), await lab.author("dave")]);
  }

  get documents(): Documents {
    return this.state.documents;
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
    this.state = this.#newState();
    this.received = new ReceivedParts(this.state, this.rights);
    this.ownChanges = new OwnChanges(this.documents, this.state.waiting);
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
    const { crypto, directoryKey, keys } = this.lab;
    const entries = runs.flatMap((run) => run.entries);
    const opened = await openEntries(crypto, testRing(crypto, directoryKey, ...keys), entries, ["change"]);
    return entries.map((entry, at) => {
      return { entry, admission: this.#admissionOf(entry.header.writer), parts: opened[at] ?? [] };
    });
  }

  /** The hashes of what is new in the document. */
  async receive(...runs: readonly VerifiedRun[]): Promise<readonly string[]> {
    const fresh = this.received.receive(await this.deliveries(...runs));
    return [...fresh.values()].flat().map((bytes) => Automerge.decodeChange(bytes).hash);
  }

  #admissionOf(writer: WriterKey): Admission {
    const author = [this.bob, this.carol, this.dave, ...this.others].find((one) => equalBytes(one.writer, writer));
    return (author && this.lab.world.view().admission(author.admission)) ?? expect.fail("an admitted author");
  }

  #newState(): DocumentState {
    const { crypto } = this.lab;
    const quarantine = new Quarantine((item) => this.announced.push(item));
    const [documents, waiting] = [new Documents(crypto), new WaitingChanges(crypto)];
    return { documents, waiting, replaced: new ReplacedChanges(crypto), quarantine };
  }
}

export const hashes = (...changes: readonly Made[]): readonly string[] => changes.map(({ hash }) => hash);
