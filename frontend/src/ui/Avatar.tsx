import { classes } from "./classes";

interface AvatarProps {
  name: string;
  size?: number;
  /** Shows a dot; the word belongs into the accessible name of the parent. */
  online?: boolean | undefined;
  group?: boolean;
}

/** Initials on a tint that stays the same for a name. Decorative: the name is always written beside it. */
export function Avatar({ name, size = 40, online, group = false }: AvatarProps) {
  return (
    <span className="relative inline-block shrink-0" style={{ width: size, height: size }} aria-hidden="true">
      <span
        className={classes(
          "grid size-full place-items-center font-semibold select-none",
          group ? "rounded-[30%]" : "rounded-full",
        )}
        style={{
          backgroundColor: `light-dark(hsl(${hueOf(name)} 32% 86%), hsl(${hueOf(name)} 26% 24%))`,
          color: `light-dark(hsl(${hueOf(name)} 48% 25%), hsl(${hueOf(name)} 42% 82%))`,
          fontSize: size * 0.37,
        }}
      >
        {initialsOf(name)}
      </span>
      {online && (
        <span className="absolute right-0 bottom-0 size-[28%] rounded-full border-2 border-surface bg-success" />
      )}
    </span>
  );
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 3600;
  return sum % 360;
}
