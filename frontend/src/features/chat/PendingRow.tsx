import type { PendingMessage } from "@vestnik/client";
import { memo } from "react";
import { codeText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Bubble } from "./MessageRow";
import { MessageState } from "./MessageState";
import { MessageText } from "./MessageText";

export interface PendingActions {
  retry(pending: PendingMessage): void;
  edit(pending: PendingMessage): void;
  discard(pending: PendingMessage): void;
}

interface PendingRowProps {
  pending: PendingMessage;
  startsGroup: boolean;
  endsGroup: boolean;
  tabStop: boolean;
  actions: PendingActions;
}

/** A message of this person that is not on the server yet. */
export const PendingRow = memo(function PendingRow(props: PendingRowProps) {
  const { pending, startsGroup, endsGroup, tabStop, actions } = props;
  const { t, formats } = useText();
  const at = new Date(pending.createdAt);
  const failed = pending.state === "failed";
  return (
    <Bubble
      own
      author={t("message.you")}
      name={null}
      startsGroup={startsGroup}
      endsGroup={endsGroup}
      tabStop={tabStop}
      tone={failed ? "failed" : "own"}
      data={{
        "data-testid": "message",
        "data-row": pending.clientId,
        "data-client-id": pending.clientId,
        "data-state": pending.state,
      }}
      time={
        <>
          <time dateTime={at.toISOString()}>{formats.time(at)}</time>
          <MessageState state={failed ? "failed" : "queued"} />
        </>
      }
      below={
        failed && (
          <div className="mt-1 flex flex-wrap items-center justify-end gap-1 text-sm">
            <span className="text-danger">{codeText(t, pending.error?.code ?? 0)}</span>
            <Button small look="quiet" onClick={() => actions.retry(pending)}>
              {t("message.retry")}
            </Button>
            <Button small look="quiet" onClick={() => actions.edit(pending)}>
              {t("message.edit")}
            </Button>
            <Button small look="quiet" onClick={() => actions.discard(pending)}>
              {t("message.delete")}
            </Button>
          </div>
        )
      }
    >
      <MessageText text={pending.text} />
    </Bubble>
  );
});
