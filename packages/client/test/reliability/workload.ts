// What the child writes: one after the other and at once, single and in bulk, with a seal now and then.
import type { Client, Database, DocId, Tenant } from "@selkie/client";
import type { Dice } from "./dice.ts";
import type { Note } from "./job.ts";

/** What the workload works with. */
export interface Workload {
  readonly client: Client;
  readonly tenant: Tenant;
  readonly notes: Database<Note>;
  /** Documents that exist; grows. */
  readonly ids: DocId[];
  readonly seed: number;
  readonly dice: Dice;
  say(line: string): void;
  /** Seals what is in the journal and brings it to another store. */
  publish(): Promise<void>;
  isClosing(): boolean;
}

/** Writes until it is told to close. */
export async function writeForEver(at: Workload): Promise<void> {
  for (let number = 1; !at.isClosing(); number++) {
    const one = (lane: number): Promise<void> => change(at, `${at.seed}.${number}.${lane}`);
    const roll = at.dice.below(100);
    if (at.ids.length === 0 || roll < 22) await create(at, `${at.seed}.${number}`);
    else if (roll < 50) await one(0);
    else if (roll < 70) {
      const lanes = Array.from({ length: 2 + at.dice.below(6) }, (_, lane) => one(lane));
      await Promise.all(at.dice.percent(15) ? [...lanes, remove(at)] : lanes);
    } else if (roll < 76) await createMany(at, `${at.seed}.${number}`);
    else if (roll < 80) await remove(at);
    else if (roll < 82) await admit(at, number);
    else await at.publish();
  }
}

/** A new document's data. */
export function noteOf(token: string): Note {
  const seen = { [token]: { at: new Date(1_700_000_000_000) } };
  const note: Note = { tokens: [token], last: 1, text: `made with ${token}`, seen };
  note[`+${token}`] = true;
  return note;
}

async function create({ notes, ids, say }: Workload, token: string): Promise<void> {
  const doc = await notes.createDocument(noteOf(token));
  say(`created ${doc.id} ${token} 1`);
  ids.push(doc.id);
}

/** Adds a token to a document's data; the number of this change. */
export function addToken(data: Note, token: string): number {
  data.last += 1;
  data.tokens.push(token);
  data.text = `changed with ${token}`;
  data.seen[token] = { at: new Date(1_700_000_000_000 + data.last) };
  data[`+${token}`] = true;
  return data.last;
}

async function change({ notes, ids, dice, say }: Workload, token: string): Promise<void> {
  const id = dice.pick(ids);
  const doc = await notes.findDocument(id);
  if (doc === undefined || doc.isDeleted()) return;
  let last = 0;
  try {
    await notes.changeDoc(doc, (draft) => {
      last = addToken(draft.getData(), token);
    });
  } catch (error) {
    // It was deleted meanwhile.
    if (error instanceof Error && "code" in error && error.code === "DOC_DELETED") return;
    throw error;
  }
  say(`changed ${id} ${token} ${last}`);
}

async function createMany({ notes, ids, dice, say }: Workload, token: string): Promise<void> {
  const count = dice.percent(10) ? 150 : 1 + dice.below(12);
  const made = await notes.createDocuments(Array.from({ length: count }, () => noteOf(token)));
  say(`many ${token} ${made.join()}`);
  // A few of them will do: they would drown the others.
  ids.push(...made.slice(0, 3));
}

async function remove({ notes, ids, dice, say }: Workload): Promise<void> {
  const id = dice.pick(ids);
  say(`deleting ${id}`);
  await notes.deleteDocument(id);
  say(`deleted ${id}`);
  ids.splice(ids.indexOf(id), 1);
}

async function admit({ client, tenant, seed, say }: Workload, number: number): Promise<void> {
  const user = `CN=user${seed}-${number}/O=acme`;
  const request = await client.createJoinRequest(user);
  await tenant.directory.approveJoinRequest(request, { role: "reader" });
  say(`admitted ${user}`);
}
