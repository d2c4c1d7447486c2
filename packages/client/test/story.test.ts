import { test } from "vitest";
import { createChangeSync } from "./story.ts";

test(
  "a document is created, received, edited offline on both sides and converges, over the in-memory store and pipe",
  createChangeSync,
);
