"""The steps together make the table that the queries speak of; a second time they do nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, inspect

from app.feedback.migrations import MIGRATIONS, migrate
from app.feedback.tables import FEEDBACK


def test_the_steps_make_the_table_as_the_queries_have_it(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'feedback.db'}")
    with engine.begin() as connection:
        migrate(connection)
        migrate(connection)
        found = {column["name"]: column for column in inspect(connection).get_columns("feedback")}
        n_applied = connection.exec_driver_sql("SELECT count(*) FROM feedback_migrations").scalar_one()
    assert n_applied == len(MIGRATIONS)
    assert list(found) == [column.name for column in FEEDBACK.columns]
    for column in FEEDBACK.columns:
        assert isinstance(column.type, type(found[column.name]["type"]).__mro__[1]) or (
            str(column.type.compile(engine.dialect)) == str(found[column.name]["type"])
        )
        assert found[column.name]["nullable"] is column.nullable
    engine.dispose()


def test_no_two_steps_have_one_name() -> None:
    names = [step.__name__ for step in MIGRATIONS]
    assert len(set(names)) == len(names) == len({name[:4] for name in names})
