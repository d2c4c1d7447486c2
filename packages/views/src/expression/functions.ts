import { dateFunctions } from "./date-functions.ts";
import type { FunctionTable } from "./function-table.ts";
import { listFunctions } from "./list-functions.ts";
import { logicFunctions } from "./logic-functions.ts";
import { numberFunctions } from "./number-functions.ts";
import { textFunctions } from "./text-functions.ts";

/** Every function and operator, by name. */
export const functions: FunctionTable = new Map(
  [logicFunctions, numberFunctions, textFunctions, listFunctions, dateFunctions].flatMap(Object.entries),
);
