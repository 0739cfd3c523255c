import { useId } from "react";
import { classes } from "./classes";

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: readonly { value: T; label: string; lang?: string }[];
  onChange: (value: T) => void;
}

/** A few options of which one holds: native radio buttons, drawn as one segmented control. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="inline-flex rounded-lg bg-sunken p-1">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          lang={option.lang}
          className={classes(
            "relative inline-flex min-h-9 cursor-pointer items-center rounded-md px-3.5 text-sm font-medium transition-colors",
            "has-focus-visible:outline-2 has-focus-visible:outline-accent",
            option.value === value ? "bg-raised text-ink shadow-sm" : "text-ink-soft hover:text-ink",
          )}
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
            className="absolute inset-0 cursor-pointer opacity-0"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
