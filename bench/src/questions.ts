import type { Question } from "./question.ts";
import { noop } from "./questions/noop.ts";
import { open } from "./questions/open.ts";
import { seal } from "./questions/seal.ts";
import { sync } from "./questions/sync.ts";

/** Every question by name, in the order they are asked. */
export const questions: ReadonlyMap<string, Question> = new Map(
  [seal, open, sync, noop].map((question) => [question.name, question]),
);
