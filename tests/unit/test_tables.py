"""The generated tables are what their script makes."""

import importlib.util

from viper_stand_in import SOURCES


def test_tables_are_up_to_date():
    script = SOURCES.parent / "tools" / "make_tables.py"
    spec = importlib.util.spec_from_file_location("make_tables", script)
    make_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_tables)
    assert (SOURCES / "tables.py").read_text() == make_tables.render()
