import { type Invoice, RequestError } from "@vestnik/client";
import { useInvoices, useRealtime } from "@vestnik/client/react";
import { type FormEvent, useId, useState } from "react";
import { useLocation } from "wouter";
import { errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field, INPUT } from "../../ui/Field";
import { useContacts } from "../account/contacts";
import { minorUnits } from "./amount";

export default function NewInvoiceDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("invoice.newTitle")}
      closeLabel={t("common.close")}
    >
      <NewInvoiceForm onDone={onClose} />
    </Dialog>
  );
}

function NewInvoiceForm({ onDone }: { onDone: () => void }) {
  const { t } = useText();
  const { api } = useRealtime();
  const { put } = useInvoices();
  const [, navigate] = useLocation();
  const contacts = useContacts();
  const students = (contacts.data ?? []).filter((person) => person.role === "student");
  const selectId = useId();
  const [studentId, setStudentId] = useState("");
  const [amount, setAmount] = useState("");
  const [description, setDescription] = useState("");
  const [dueDate, setDueDate] = useState(inDays(14));
  const [checked, setChecked] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const amountMinor = minorUnits(amount);
  const student = studentId || String(students[0]?.id ?? "");

  const create = async (andSend: boolean) => {
    setChecked(true);
    if (amountMinor === null || description.trim() === "" || student === "") return;
    setBusy(true);
    setFailure(null);
    try {
      let invoice = await api.post<Invoice>("/api/invoices/", {
        student_id: Number(student),
        amount_minor: amountMinor,
        currency: "RUB",
        description: description.trim(),
        due_date: dueDate,
      });
      put(invoice);
      if (andSend) {
        invoice = await api.post<Invoice>(`/api/invoices/${invoice.id}/send/`);
        put(invoice);
      }
      onDone();
      navigate(`/invoices/${invoice.id}`);
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void create(true);
  };

  const wrong = failure instanceof RequestError ? failure.fields : {};
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      <div className="flex flex-col gap-1.5">
        <label htmlFor={selectId} className="text-sm font-medium text-ink-soft">
          {t("invoice.student")}
        </label>
        <select
          id={selectId}
          className={INPUT}
          value={student}
          onChange={(event) => setStudentId(event.target.value)}
          disabled={students.length === 0}
        >
          {students.map((person) => (
            <option key={person.id} value={person.id}>
              {person.display_name}
            </option>
          ))}
        </select>
        {contacts.isSuccess && students.length === 0 && (
          <p className="text-sm text-danger">{t("invoice.noStudents")}</p>
        )}
      </div>
      <Field
        label={t("invoice.amount")}
        name="amount"
        inputMode="decimal"
        autoComplete="off"
        value={amount}
        onChange={(event) => setAmount(event.target.value)}
        error={(checked && amountMinor === null) || wrong.amount_minor ? t("invoice.amountWrong") : undefined}
      />
      <Field
        label={t("invoice.description")}
        name="description"
        maxLength={1000}
        autoComplete="off"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
        error={
          (checked && description.trim() === "") || wrong.description
            ? t("invoice.descriptionWrong")
            : undefined
        }
      />
      <Field
        label={t("invoice.due.label")}
        name="due_date"
        type="date"
        min={inDays(0)}
        value={dueDate}
        onChange={(event) => setDueDate(event.target.value)}
        error={wrong.due_date ? t("invoice.dueWrong") : undefined}
      />
      {failure !== null && (
        <p role="alert" className="text-sm text-danger">
          {errorText(t, failure)}
        </p>
      )}
      <div className="flex flex-wrap justify-end gap-2 pt-1">
        <Button look="quiet" disabled={busy} onClick={() => void create(false)}>
          {t("invoice.saveDraft")}
        </Button>
        <Button look="primary" type="submit" disabled={busy}>
          {t("invoice.createAndSend")}
        </Button>
      </div>
    </form>
  );
}

/** The calendar day so many days from now, as a date field writes it. */
function inDays(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() + days);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
