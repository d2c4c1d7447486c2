import { readFile } from "node:fs/promises";

/** The lines of a shipped table, cell by cell. @throws RangeError when it has other columns */
export async function readTable(url: URL, columns: string): Promise<readonly (readonly string[])[]> {
  const [head, ...lines] = (await readFile(url, "utf8")).trimEnd().split("\n");
  if (head !== columns) throw new RangeError(`the table has other columns: ${head}`);
  return lines.map((line) => line.split(","));
}
