import { isDamaged } from "../damaged-index.ts";
import { ViewError } from "../errors.ts";
import { listIn } from "../value/read-json.ts";

/**
 * What a key says that apps hand back: a list that begins with a mark of what it is good for.
 * @param read reads what follows the mark, with the readers of `read-json.ts`
 * @throws ViewError KEY_INVALID also for a key with another mark
 */
export function readMarkedKey<Read>(
  key: string,
  mark: number,
  read: (rest: readonly unknown[]) => Read,
  message: string,
): Read {
  try {
    const [of, ...rest] = listIn(JSON.parse(key));
    const found = read(rest);
    if (of === mark) return found;
  } catch (error) {
    if (!isDamaged(error) && !(error instanceof SyntaxError)) throw error;
  }
  throw new ViewError("KEY_INVALID", message);
}
