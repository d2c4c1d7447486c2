import "@automerge/automerge";
import { expect, test } from "vitest";
import * as automerge from "../../src/automerge/document.ts";
import { DocumentWeight } from "../../src/document/document-weight.ts";
import { actor, changesOf, shapes } from "./weighed-documents.ts";

/** How far what is counted may be from what was measured; a count is always the same. */
const FACTOR = 1.6;

const byShape = test.each(Object.entries(shapes));

byShape("D12 a document of %s weighs about what it takes", (_, shape) => {
  const changes = changesOf(shape);
  const live = automerge.loadDocument(changes, actor);
  const weight = new DocumentWeight();
  weight.count(automerge, live, changes);
  expect(weight.bytes / shape.measured).toBeGreaterThan(1 / FACTOR);
  expect(weight.bytes / shape.measured).toBeLessThan(FACTOR);
  automerge.freeDocument(live);
});

byShape("D12 a document that became one of %s weighs no less, and not much more", (name, shape) => {
  const changes = changesOf(shape);
  const live = automerge.loadDocument([], actor);
  const weight = new DocumentWeight();
  const there: Uint8Array[] = [];
  weight.count(automerge, live, there);
  for (const change of changes) {
    automerge.applyTo(live, [change]);
    there.push(change);
    weight.count(automerge, live, there);
  }
  expect(weight.bytes / shape.measured).toBeGreaterThan(1 / FACTOR);
  // What is shown no more weighs on until something else came.
  expect(weight.bytes / shape.measured).toBeLessThan(name === "lists that were deleted" ? 8 : 3);
  automerge.freeDocument(live);
});
