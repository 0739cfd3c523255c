import { expect, test } from "vitest";
import { invoice, step } from "../../testing/samples";
import { timelineOf } from "./history";
import {
  type DisplayStatus,
  displayStatus,
  outstanding,
  paymentFailed,
  paymentUnderWay,
  possibilities,
} from "./status";

const ISSUER = 3;
const PAYER = 4;
const STARTED = step("payment_started");

test("the payer may pay what is open, and nobody else", () => {
  expect(possibilities(invoice(), PAYER).pay).toBe(true);
  expect(possibilities(invoice({ status: "partially_paid" }), PAYER).pay).toBe(true);
  expect(possibilities(invoice(), ISSUER).pay).toBe(false);
  expect(possibilities(invoice(), 99)).toEqual({ pay: false, send: false, cancel: false });
});

test.each(["draft", "paid", "refunded", "void"] as const)(
  "a %s invoice is not offered for payment",
  (status) => {
    expect(possibilities(invoice({ status }), PAYER).pay).toBe(false);
  },
);

test("the issuer sends a draft and may void what nobody paid", () => {
  expect(possibilities(invoice({ status: "draft" }), ISSUER)).toEqual({
    pay: false,
    send: true,
    cancel: true,
  });
  expect(possibilities(invoice(), ISSUER)).toEqual({ pay: false, send: false, cancel: true });
  expect(possibilities(invoice({ status: "partially_paid", paid_minor: 1 }), ISSUER).cancel).toBe(false);
});

test("an invoice that is being paid is not offered for voiding", () => {
  expect(possibilities(invoice({ history: [STARTED] }), ISSUER).cancel).toBe(false);
});

test("a payment has failed until another one is started, and not where nothing is owed", () => {
  const canceled = [STARTED, step("payment_canceled")];
  expect(paymentFailed(invoice({ history: canceled }))).toBe(true);
  expect(paymentFailed(invoice({ history: [...canceled, STARTED] }))).toBe(false);
  expect(paymentFailed(invoice({ history: canceled, status: "void" }))).toBe(false);
  expect(paymentFailed(invoice({ history: [] }))).toBe(false);
});

test("a payment is under way from its start until it succeeded or was canceled", () => {
  expect(paymentUnderWay(invoice({ history: [STARTED] }))).toEqual({ since: STARTED.at, waiting: false });
  expect(paymentUnderWay(invoice({ history: [STARTED, step("payment_waiting")] }))?.waiting).toBe(true);
  expect(paymentUnderWay(invoice({ history: [STARTED, step("payment_canceled")] }))).toBeNull();
  expect(paymentUnderWay(invoice({ history: [STARTED], paid_minor: 150_000 }))).toBeNull();
  expect(paymentUnderWay(invoice())).toBeNull();
});

test("what is owed never goes below zero", () => {
  expect(outstanding(invoice({ paid_minor: 50_000 }))).toBe(100_000);
  expect(outstanding(invoice({ paid_minor: 200_000 }))).toBe(0);
});

test("a status that this page does not know yet is shown as sent", () => {
  expect(displayStatus(invoice({ display_status: "something_new" as DisplayStatus }))).toBe("sent");
});

test("the timeline names its source and leaves out steps that it does not know", () => {
  const history = [
    step("created", { actor: { id: 3, display_name: "Daniel Brooks", role: "tutor" } }),
    step("something_new"),
    step("payment_succeeded", { provider: "yookassa", amount_minor: 150_000 }),
  ];
  expect(timelineOf(invoice({ history }))).toMatchObject([
    { step: "created", source: "Daniel Brooks", amountMinor: null },
    { step: "payment_succeeded", source: "ЮKassa", amountMinor: 150_000 },
  ]);
});
