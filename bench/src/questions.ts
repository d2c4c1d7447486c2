import type { Question } from "./question.ts";
import { attach } from "./questions/attach.ts";
import { create } from "./questions/create.ts";
import { directory } from "./questions/directory.ts";
import { history } from "./questions/history.ts";
import { hostile } from "./questions/hostile.ts";
import { noop } from "./questions/noop.ts";
import { open } from "./questions/open.ts";
import { openDb } from "./questions/open-db.ts";
import { query } from "./questions/query.ts";
import { revoke } from "./questions/revoke.ts";
import { seal } from "./questions/seal.ts";
import { search } from "./questions/search.ts";
import { sync } from "./questions/sync.ts";
import { syncEvolu } from "./questions/sync-evolu.ts";
import { trace } from "./questions/trace.ts";
import { type } from "./questions/type.ts";
import { view } from "./questions/view.ts";

/** Every question by name, in the order they are asked. */
export const questions: ReadonlyMap<string, Question> = new Map(
  [
    seal,
    open,
    create,
    openDb,
    type,
    trace,
    history,
    sync,
    syncEvolu,
    noop,
    revoke,
    directory,
    hostile,
    view,
    query,
    search,
    attach,
  ].map((question) => [question.name, question]),
);
