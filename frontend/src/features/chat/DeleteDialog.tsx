import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";

interface DeleteDialogProps {
  onCancel: () => void;
  onDelete: () => void;
}

/** Asks before a message disappears for everybody. */
export default function DeleteDialog({ onCancel, onDelete }: DeleteDialogProps) {
  const { t } = useText();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onCancel()}
      title={t("message.deleteTitle")}
      description={t("message.deleteHint")}
      closeLabel={t("common.close")}
    >
      <div className="flex justify-end gap-2 pt-2">
        <Button look="quiet" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button look="danger" onClick={onDelete}>
          {t("message.delete")}
        </Button>
      </div>
    </Dialog>
  );
}
