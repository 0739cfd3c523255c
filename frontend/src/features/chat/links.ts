/** Finds the addresses in a text. Only http and https become links; everything else stays text. */
export type Piece = { readonly text: string; readonly href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/giu;
const TRAILING = /[.,:;!?…»”’\]]+$/u;

export function splitLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let last = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!isWebAddress(address)) continue;
    if (match.index > last) pieces.push({ text: text.slice(last, match.index) });
    pieces.push({ text: address, href: address });
    last = match.index + address.length;
  }
  if (last < text.length) pieces.push({ text: text.slice(last) });
  return pieces;
}

/** A full stop or a bracket that closes the sentence around an address does not belong to it. */
function trimmed(address: string): string {
  let result = address.replace(TRAILING, "");
  while (result.endsWith(")") && count(result, ")") > count(result, "(")) {
    result = result.slice(0, -1).replace(TRAILING, "");
  }
  return result;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function isWebAddress(address: string): boolean {
  try {
    const { protocol, hostname } = new URL(address);
    return (protocol === "http:" || protocol === "https:") && hostname !== "";
  } catch {
    return false;
  }
}
