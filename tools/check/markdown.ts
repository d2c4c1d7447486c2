// As much Markdown as the checks need: headings with their anchors, fenced blocks, links, paragraphs.

/** A heading; `line` counts from 0. */
interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
  readonly line: number;
}

/** A fenced code block; `line` is that of its opening fence, counted from 0. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  readonly line: number;
}

/** An inline link. */
interface Link {
  readonly text: string;
  readonly target: string;
  readonly line: number;
}

/** A parsed page. */
export interface Page {
  readonly headings: readonly Heading[];
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** The lines outside code blocks; those inside are empty. */
  readonly prose: readonly string[];
}

export function parseMarkdown(text: string): Page {
  const { blocks, prose } = splitCode(text.split(/\r?\n/));
  return { headings: findHeadings(prose), blocks, links: findLinks(prose), prose };
}

/** The lines below the first heading named `title` up to the next heading of its level or above, or null. */
export function section(page: Page, title: string): readonly string[] | null {
  const heading = page.headings.find(({ text }) => text === title);
  if (heading === undefined) return null;
  const next = page.headings.find(({ line, level }) => line > heading.line && level <= heading.level);
  return page.prose.slice(heading.line + 1, next?.line).filter((line) => line.trim() !== "");
}

/** The first paragraph after the first heading, on one line, or null. */
export function firstParagraph(page: Page): string | null {
  const title = page.headings[0];
  if (title === undefined) return null;
  const rest = page.prose.slice(title.line + 1);
  const start = rest.findIndex((line) => line.trim() !== "");
  if (start < 0) return null;
  const end = rest.findIndex((line, index) => index > start && line.trim() === "");
  const lines = rest.slice(start, end < 0 ? undefined : end);
  return lines.some((line) => /^\s*(#|[-*|>]|\d+\.)/.test(line)) ? null : lines.join(" ").trim();
}

function splitCode(lines: readonly string[]): { blocks: readonly CodeBlock[]; prose: readonly string[] } {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; language: string; line: number; code: string[] } | null = null;
  for (const [line, text] of lines.entries()) {
    const fence = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(text);
    if (open !== null) {
      if (fence?.[1]?.startsWith(open.fence) === true && fence[2] === "") {
        blocks.push({ language: open.language, line: open.line, code: open.code.join("\n") });
        open = null;
      } else open.code.push(text);
      prose.push("");
    } else if (fence?.[1] !== undefined) {
      open = { fence: fence[1], language: fence[2] ?? "", line, code: [] };
      prose.push("");
    } else prose.push(text);
  }
  return { blocks, prose };
}

function findHeadings(prose: readonly string[]): readonly Heading[] {
  const seen = new Map<string, number>();
  return prose.flatMap((text, line) => {
    const match = /^(#{1,6})\s+(.*?)\s*#*$/.exec(text);
    if (match?.[1] === undefined || match[2] === undefined) return [];
    const slug = anchorOf(match[2]);
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return [{ level: match[1].length, text: match[2], anchor: count === 0 ? slug : `${slug}-${count}`, line }];
  });
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

function findLinks(prose: readonly string[]): readonly Link[] {
  return prose.flatMap((text, line) =>
    [...withoutCode(text).matchAll(/\[((?:[^[\]\\]|\\.)*)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((match) => ({
      text: (match[1] ?? "").replaceAll(/\\(.)/g, "$1"),
      target: match[2] ?? "",
      line,
    })),
  );
}

/** Blanks inline code that holds link syntax; code inside a link's text stays. */
function withoutCode(text: string): string {
  return text.replaceAll(/`[^`]*`/g, (code) => (/\]\(/.test(code) ? "" : code));
}
