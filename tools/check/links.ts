// Every relative link of every Markdown file leads somewhere: to a file that exists and, with an anchor, to a heading in it.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Finding } from "./finding.ts";
import { parseMarkdown } from "./markdown.ts";
import { listFiles } from "./workspace.ts";

export function checkLinks(root: string): readonly Finding[] {
  const files = listFiles(root).filter((file) => file.endsWith(".md"));
  return files.flatMap((file) =>
    parseMarkdown(readFileSync(join(root, file), "utf8")).links.flatMap(({ target, line }) => {
      const problem = /^[a-z][a-z0-9+.-]*:/i.test(target) ? null : problemOf(root, file, target);
      return problem === null ? [] : [{ file: `${file}:${line + 1}`, problem }];
    }),
  );
}

function problemOf(root: string, from: string, target: string): string | null {
  const [path = "", anchor] = target.split("#");
  if (path.startsWith("/")) return `link ${target} is not relative`;
  const file = path === "" ? from : posix.join(dirname(from), decodeURIComponent(path));
  if (file.startsWith("..")) return `link ${target} leaves the repository`;
  if (!existsSync(join(root, file))) return `link ${target} leads nowhere`;
  if (anchor === undefined || anchor === "") return null;
  if (!file.endsWith(".md") || statSync(join(root, file)).isDirectory())
    return `link ${target}: only pages have anchors`;
  const { headings } = parseMarkdown(readFileSync(join(root, file), "utf8"));
  return headings.some((heading) => heading.anchor === anchor) ? null : `link ${target}: no such heading`;
}
