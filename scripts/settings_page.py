"""Writes docs/settings.md from the settings themselves."""

from pathlib import Path

from pressroom import settings

HEAD = """# Settings

Every setting of every process, read from the environment, else from the file that `PRESSROOM_CONFIG` names
(`NAME=value` lines), else the default. This table is made from `shared/pressroom/settings.py` by
`make settings-page`.

"""

page = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
page.write_text(f"{HEAD}{settings.table()}\n")
