import type { DocId } from "@selkie/core";
import type { SimDevice } from "../../src/sim-device.ts";
import type { Shown } from "./naive-model.ts";
import { type Person, type Story, textOf, textOfData, wordsIn } from "./story.ts";

interface Look {
  readonly shown: Shown;
  /** All that is to be equal on every device. */
  readonly text: string;
}

/** After healing: what is not as it must be. */
export async function judge(story: Story): Promise<readonly string[]> {
  const { model, live } = story;
  const wrong = [...story.wrong];
  const first = new Map<DocId, { readonly name: string; readonly text: string }>();
  for (const person of live) {
    const { device, index } = person;
    for (const id of model.ids) {
      const { shown, text } = await story.run(look(device, id));
      wrong.push(...model.check(index, id, shown).map((what) => `${device.name}: ${id.slice(0, 8)} ${what}`));
      if (model.mayRead(index, id) !== "yes") continue;
      const before = first.get(id);
      if (before === undefined) first.set(id, { name: device.name, text });
      else if (before.text !== text)
        wrong.push(`${id.slice(0, 8)}: ${before.name} has ${before.text}, ${device.name} has ${text}`);
    }
    wrong.push(...(await story.run(followed(person))), ...(await story.run(listed(story, person))));
    const mayLackKey = model.ids.some((id) => model.mayRead(index, id) === "perhaps");
    const isKnown = (what: string): boolean => mayLackKey && what.includes("a key that is not shared any more");
    const reports = device.noticed.filter(({ type, what }) => type === "report" && !isKnown(what));
    wrong.push(...reports.map(({ what }) => `${device.name} reports ${what}`));
  }
  return wrong;
}

/** The feed told of everything, since whenever somebody followed it last. */
async function followed({ device, follower }: Person): Promise<readonly string[]> {
  await follower.follow(device.database, textOfData);
  const wrong: string[] = [];
  for (const [id, was] of follower.shown) {
    const doc = await find(device, id);
    const is = typeof doc === "string" ? doc : doc.isDeleted() ? "deleted" : textOfData(doc.getData());
    const isGone = was === "deleted" && is === "unknown";
    if (is !== was && !isGone) wrong.push(`${device.name}: the feed told of ${id.slice(0, 8)} ${was}, which is ${is}`);
  }
  return wrong;
}

async function listed({ model }: Story, { device, index, follower }: Person): Promise<readonly string[]> {
  const ids = new Set(await device.database.getAllDocumentIds());
  const wrong: string[] = [];
  for (const id of model.ids) {
    const doc = await find(device, id);
    const isThere = typeof doc !== "string" && !doc.isDeleted();
    if (isThere !== ids.has(id)) wrong.push(`${device.name}: ${id.slice(0, 8)} is listed: ${!isThere}`);
    if (isThere && model.mayRead(index, id) === "yes" && !follower.shown.has(id))
      wrong.push(`${device.name}: the feed never told of ${id.slice(0, 8)}`);
  }
  return wrong;
}

async function look(device: SimDevice, id: DocId): Promise<Look> {
  const doc = await find(device, id);
  if (doc === "purged" || doc === "unknown") return { shown: { type: doc }, text: doc };
  if (doc.isDeleted()) return { shown: { type: "deleted" }, text: "deleted" };
  const data = doc.getData();
  const changes: string[] = [];
  for await (const { author, entryId } of device.database.history.changes(id)) changes.push(`${author} ${entryId}`);
  const text = [...[...doc.getHeads()].sort(), textOfData(data), ...changes.sort()].join("\n");
  return { shown: { type: "there", words: wordsIn(data), fields: Object.keys(data) }, text };
}

async function find(device: SimDevice, id: DocId) {
  try {
    return (await device.database.findDocument(id)) ?? (await codeOfMissing(device, id));
  } catch (error) {
    throw new Error(`${device.name}: ${id}: ${textOf(error)}`);
  }
}

async function codeOfMissing(device: SimDevice, id: DocId): Promise<"purged" | "unknown"> {
  const code = await device.database.getDocument(id).then(
    () => "",
    (error: { code: string }) => error.code,
  );
  return code === "DOC_PURGED" ? "purged" : "unknown";
}
