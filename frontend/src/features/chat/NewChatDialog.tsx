import { useSession } from "@vestnik/client/react";
import { type FormEvent, useState } from "react";
import { errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { classes } from "../../ui/classes";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { CheckIcon } from "../../ui/icons";
import { Spinner } from "../../ui/Spinner";
import { useContacts } from "../account/contacts";
import { roleText } from "../account/roles";
import { matches, useStartChat } from "./startChat";

export default function NewChatDialog({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("newChat.title")}
      description={t("newChat.hint")}
      closeLabel={t("common.close")}
    >
      <NewChatForm onDone={onClose} />
    </Dialog>
  );
}

function NewChatForm({ onDone }: { onDone: () => void }) {
  const { t } = useText();
  const { userId } = useSession();
  const contacts = useContacts();
  const startChat = useStartChat();
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [title, setTitle] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await startChat([...chosen], chosen.size > 1 ? title.trim() : undefined);
      onDone();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };

  if (contacts.isPending) return <Spinner label={t("common.loading")} />;
  if (contacts.isError) {
    return (
      <div className="flex flex-col items-start gap-3">
        <p className="text-danger">{errorText(t, contacts.error)}</p>
        <Button onClick={() => void contacts.refetch()}>{t("common.retry")}</Button>
      </div>
    );
  }

  const people = contacts.data.filter(
    (person) => person.id !== userId && matches(person.display_name, wanted),
  );
  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
      <Field
        label={t("newChat.find")}
        type="search"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
        autoComplete="off"
      />
      <fieldset>
        <legend className="sr-only">{t("newChat.people")}</legend>
        <div className="max-h-72 overflow-y-auto">
          {people.map((person) => (
            <label
              key={person.id}
              className={classes(
                "flex min-h-14 cursor-pointer items-center gap-3 rounded-xl px-2 hover:bg-sunken",
                "has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent",
              )}
            >
              <input
                type="checkbox"
                className="sr-only"
                checked={chosen.has(person.id)}
                onChange={() => toggle(person.id)}
              />
              <Avatar name={person.display_name} />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{person.display_name}</span>
                <span className="block text-sm text-ink-soft">{roleText(t, person.role)}</span>
              </span>
              <span
                aria-hidden="true"
                className={classes(
                  "grid size-6 place-items-center rounded-full border",
                  chosen.has(person.id) ? "border-accent bg-accent text-on-accent" : "border-line-strong",
                )}
              >
                {chosen.has(person.id) && <CheckIcon size={16} />}
              </span>
            </label>
          ))}
          {people.length === 0 && <p className="py-4 text-center text-ink-soft">{t("newChat.nobody")}</p>}
        </div>
      </fieldset>
      {chosen.size > 1 && (
        <Field
          label={t("newChat.groupTitle")}
          value={title}
          maxLength={100}
          required
          onChange={(event) => setTitle(event.target.value)}
        />
      )}
      {failure !== null && (
        <p role="alert" className="text-sm text-danger">
          {errorText(t, failure)}
        </p>
      )}
      <Button look="primary" type="submit" disabled={busy || chosen.size === 0}>
        {chosen.size > 1 ? t("newChat.createGroup") : t("newChat.start")}
      </Button>
    </form>
  );
}
