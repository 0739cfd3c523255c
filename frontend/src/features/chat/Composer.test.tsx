import { fireEvent, screen } from "@testing-library/react";
import { createRef } from "react";
import { expect, test, vi } from "vitest";
import { renderPiece } from "../../testing/render";
import { message } from "../../testing/samples";
import { Composer } from "./Composer";
import { type Composing, MAX_LENGTH, WRITING } from "./composing";
import { readDraft } from "./drafts";

function open(composing: Composing = WRITING) {
  const calls = { onSubmit: vi.fn(), onCancel: vi.fn(), onEditLast: vi.fn(), setTyping: vi.fn() };
  renderPiece(
    <Composer
      roomId={7}
      userId={2}
      composing={composing}
      fieldRef={createRef<HTMLTextAreaElement>()}
      {...calls}
    />,
  );
  return { ...calls, field: screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message" }) };
}

function type(field: HTMLTextAreaElement, value: string) {
  fireEvent.change(field, { target: { value } });
}

test("Enter sends the text without the space around it and empties the field", () => {
  const { field, onSubmit } = open();
  type(field, "  hello  ");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSubmit).toHaveBeenCalledExactlyOnceWith("hello");
  expect(field.value).toBe("");
  expect(readDraft(2, 7)).toBe("");
});

test("Shift+Enter does not send", () => {
  const { field, onSubmit } = open();
  type(field, "hello");
  fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
  expect(onSubmit).not.toHaveBeenCalled();
});

test("Enter that ends a word of an input method does not send", () => {
  const { field, onSubmit } = open();
  type(field, "こんにちは");
  fireEvent.keyDown(field, { key: "Enter", isComposing: true });
  fireEvent.keyDown(field, { key: "Enter", keyCode: 229 });
  expect(onSubmit).not.toHaveBeenCalled();
});

test("an empty text cannot be sent", () => {
  const { field, onSubmit } = open();
  type(field, "   ");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSubmit).not.toHaveBeenCalled();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Send" }).disabled).toBe(true);
});

test("a text over the limit is kept, not sent, and told how much is too much", () => {
  const { field, onSubmit } = open();
  type(field, "x".repeat(MAX_LENGTH + 3));
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSubmit).not.toHaveBeenCalled();
  expect(screen.getByRole("alert").textContent).toBe("3 characters too long");
});

test("what is written is kept as the draft of the room", () => {
  const { field } = open();
  type(field, "half a thou");
  expect(readDraft(2, 7)).toBe("half a thou");
  expect(readDraft(2, 8)).toBe("");
});

test("a draft is there again when the room opens", () => {
  localStorage.setItem("vestnik.draft.2.7", "half a thou");
  expect(open().field.value).toBe("half a thou");
});

test("editing borrows the field and leaves the draft alone", () => {
  localStorage.setItem("vestnik.draft.2.7", "a draft");
  const { field, onSubmit } = open({ type: "edit", message: message(1, { text: "with a tpyo" }) });
  expect(field.value).toBe("with a tpyo");
  type(field, "with a typo");
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onSubmit).toHaveBeenCalledExactlyOnceWith("with a typo");
  expect(readDraft(2, 7)).toBe("a draft");
});

test("arrow up in an empty field edits the last message, in a filled one it moves the cursor", () => {
  const { field, onEditLast } = open();
  fireEvent.keyDown(field, { key: "ArrowUp" });
  expect(onEditLast).toHaveBeenCalledOnce();
  type(field, "text");
  fireEvent.keyDown(field, { key: "ArrowUp" });
  expect(onEditLast).toHaveBeenCalledOnce();
});

test("Escape gives up an answer", () => {
  const { field, onCancel } = open({ type: "new", replyTo: message(1) });
  fireEvent.keyDown(field, { key: "Escape" });
  expect(onCancel).toHaveBeenCalledOnce();
});
