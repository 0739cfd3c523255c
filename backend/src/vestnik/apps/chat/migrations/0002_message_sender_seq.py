from django.db import migrations, models

COUNT = """
UPDATE vestnik_chat_message SET sender_seq = (
    SELECT COUNT(*) FROM vestnik_chat_message earlier
    WHERE earlier.room_id = vestnik_chat_message.room_id
    AND earlier.sender_id = vestnik_chat_message.sender_id
    AND earlier.seq <= vestnik_chat_message.seq
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ("vestnik_chat", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="sender_seq",
            field=models.PositiveBigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
