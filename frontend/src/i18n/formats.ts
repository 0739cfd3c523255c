/** Dates, times, numbers and money as the reader's language writes them, in the reader's time zone. */
import type { Locale } from "./locale";

export interface Formats {
  /** "14:05" */
  time(at: string | Date): string;
  /** "24 November", with the year when it is not the current one. */
  day(at: string | Date, now?: Date): string;
  /** "24 Nov", for narrow places. */
  shortDay(at: string | Date): string;
  /** "24 November 2026 at 14:05", for titles and timelines. */
  moment(at: string | Date): string;
  /** "in 3 days", "yesterday": whole calendar days from now. */
  relativeDay(at: string | Date, now?: Date): string;
  /** Minor units and an ISO 4217 code: 150000 RUB is "1 500 ₽", 150050 is "1 500,50 ₽". */
  money(amountMinor: number, currency: string): string;
  number(value: number): string;
}

const cache = new Map<Locale, Formats>();

/** One set of formatters per language: building an Intl formatter costs more than a hundred uses of it. */
export function formatsFor(locale: Locale): Formats {
  const known = cache.get(locale);
  if (known) return known;
  const made = makeFormats(locale === "en" ? "en-GB" : "ru-RU");
  cache.set(locale, made);
  return made;
}

function makeFormats(tag: string): Formats {
  const time = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(tag, { day: "numeric", month: "long" });
  const dayAndYear = new Intl.DateTimeFormat(tag, { day: "numeric", month: "long", year: "numeric" });
  const shortDay = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" });
  const moment = new Intl.DateTimeFormat(tag, { dateStyle: "long", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  const number = new Intl.NumberFormat(tag);
  const money = new Map<string, Intl.NumberFormat>();

  return {
    time: (at) => time.format(dateOf(at)),
    day: (at, now = new Date()) =>
      (dateOf(at).getFullYear() === now.getFullYear() ? day : dayAndYear).format(dateOf(at)),
    shortDay: (at) => shortDay.format(dateOf(at)),
    moment: (at) => moment.format(dateOf(at)),
    relativeDay: (at, now = new Date()) => relative.format(daysBetween(now, dateOf(at)), "day"),
    money: (amountMinor, currency) => {
      let format = money.get(currency);
      if (!format) {
        format = new Intl.NumberFormat(tag, {
          style: "currency",
          currency,
          currencyDisplay: "narrowSymbol",
          trailingZeroDisplay: "stripIfInteger",
        });
        money.set(currency, format);
      }
      const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
      return format.format(amountMinor / 10 ** digits);
    },
    number: (value) => number.format(value),
  };
}

/** A bare date ("2026-11-24") means that day in the reader's zone, not midnight in Greenwich. */
function dateOf(at: string | Date): Date {
  if (at instanceof Date) return at;
  return /^\d{4}-\d{2}-\d{2}$/.test(at) ? new Date(`${at}T00:00:00`) : new Date(at);
}

/** Whole calendar days from `from` to `to` in the reader's zone; a change of clocks does not shift it. */
export function daysBetween(from: Date, to: Date): number {
  const midnight = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((midnight(to) - midnight(from)) / 86_400_000);
}

/** A key that is equal for two instants on the same calendar day of the reader. */
export function dayKey(at: string | Date): string {
  const date = dateOf(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
