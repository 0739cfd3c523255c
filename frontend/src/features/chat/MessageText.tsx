import { splitLinks } from "./links";

/** A message as it was written, with its web addresses as links. Never interpreted as HTML. */
export function MessageText({ text }: { text: string }) {
  return (
    <span className="wrap-hard whitespace-pre-wrap" dir="auto" data-testid="message-text">
      {splitLinks(text).map((piece, index) =>
        piece.href ? (
          <a
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text have no other identity
            key={index}
            href={piece.href}
            target="_blank"
            rel="noopener noreferrer nofollow"
            className="text-accent underline underline-offset-2"
          >
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </span>
  );
}
