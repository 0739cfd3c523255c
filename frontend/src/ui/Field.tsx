import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { classes } from "./classes";

export const INPUT =
  "min-h-11 w-full rounded-lg border border-line-strong bg-surface px-3 text-ink placeholder:text-ink-faint " +
  "focus:border-accent focus:outline-2 focus:-outline-offset-1 focus:outline-accent";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  /** What is wrong with the value; read out together with the field. */
  error?: string | undefined;
  hint?: ReactNode;
}

export function Field({ label, error, hint, className, ...rest }: FieldProps) {
  const id = useId();
  const about = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <div className={classes("flex flex-col gap-1.5", className)}>
      <label htmlFor={id} className="text-sm font-medium text-ink-soft">
        {label}
      </label>
      <input
        id={id}
        className={classes(INPUT, error && "border-danger")}
        aria-invalid={error ? true : undefined}
        aria-describedby={about}
        {...rest}
      />
      {error ? (
        <p id={`${id}-error`} className="text-sm text-danger">
          {error}
        </p>
      ) : hint ? (
        <p id={`${id}-hint`} className="text-sm text-ink-faint">
          {hint}
        </p>
      ) : null}
    </div>
  );
}
