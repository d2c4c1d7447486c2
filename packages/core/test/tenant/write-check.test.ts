import { expect, test } from "vitest";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import type { StatementContext } from "../../src/tenant/statement-context.ts";
import { WriteCheck } from "../../src/tenant/write-check.ts";
import { pattern } from "../fixture.ts";

const own = pattern("directory key", 16);
const keyId = pattern("default key", 16);

/** A directory and how often its keys were looked at; `unsafe` are those that somebody who is out can open. */
function world(databases: readonly string[] = ["notes"]) {
  const unsafe = new Set<Uint8Array>();
  const seen = { looks: 0 };
  const viewOf = (): DirectoryView =>
    ({
      found: { directoryKey: { keyId: own } },
      databases,
      isEntitled: () => true,
      key: () => ({ current: [pattern("version", 32)] }),
      isSafe: (id: Uint8Array) => {
        seen.looks += 1;
        return !unsafe.has(id);
      },
      keyFitness: { missing: () => [] },
    }) as unknown as DirectoryView;
  const now = { view: viewOf() };
  const at = {
    view: () => now.view,
    self: () => ({ role: "editor" }),
    context: { ring: { current: () => pattern("held", 32) } },
  } as unknown as StatementContext;
  return { unsafe, seen, at, goOn: () => Object.assign(now, { view: viewOf() }) };
}

test("keys are looked at once for each state of the directory, however often something is written", () => {
  const { at, seen, goOn } = world();
  const check = new WriteCheck(at, "notes");
  for (let times = 0; times < 100; times++) expect(check.isReady([{ keyId }, { keyId }])).toBe(true);
  expect(seen.looks).toBe(2); // the directory's key and this one
  goOn();
  expect(check.isReady([{ keyId }])).toBe(true);
  expect(seen.looks).toBe(4);
});

test("P-11 what became unfit is noticed in the tick in which the directory says so", () => {
  const { at, unsafe, goOn } = world();
  const check = new WriteCheck(at, "notes");
  expect(check.isReady([{ keyId }])).toBe(true);
  unsafe.add(keyId);
  goOn();
  expect(check.isReady([{ keyId }])).toBe(false);
  unsafe.clear();
  unsafe.add(own);
  goOn();
  expect(check.isReady([{ keyId }])).toBe(false);
  unsafe.clear();
  goOn();
  expect(check.isReady([{ keyId }])).toBe(true);
});

test("a database that the directory does not name is named first", () => {
  const { at } = world([]);
  expect(new WriteCheck(at, "notes").isReady([{ keyId }])).toBe(false);
});
