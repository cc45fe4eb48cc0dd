"""`/openapi.json`, and `/docs`: the same document as a page, without a script and without a request elsewhere."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from markupsafe import Markup, escape

from app.api.feedback_operations import feedback_operations
from app.api.openapi import make_document
from app.api.operations import ApiLimits, operations
from app.api.schema_table import Row, rows_of
from app.api.snippets import BASE_URL, LANGUAGES, OF_ADDRESSES, OF_FEEDBACK, read_snippets

_CODE = re.compile(r"`([^`]+)`")


def make_docs(limits: ApiLimits) -> Blueprint:
    """The blueprint of the documentation. The document is made when it is first asked for."""
    docs = Blueprint("docs", __name__)

    @cache
    def document() -> dict[str, Any]:
        kept = limits.feedback
        more = feedback_operations(kept.max_feedback_days, kept.max_feedback_px) if kept else ()
        return make_document((*operations(limits), *more), limits.needs_key)

    @docs.app_template_filter("code_spans")
    def code_spans(text: str) -> Markup:
        """Text with what stands between backticks as <code>."""
        return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))

    @docs.app_template_filter("indented")
    def indented(body: Any) -> str:
        """JSON for people."""
        return json.dumps(body, indent=2, ensure_ascii=False)

    @docs.app_template_global("keys_of")
    def keys_of(schema: dict[str, Any]) -> list[Row]:
        return rows_of(schema, document()["components"]["schemas"])

    @docs.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(document())

    @docs.get("/docs")
    def page() -> str:
        base_url = request.url_root.rstrip("/") if request.host else BASE_URL
        snippets = read_snippets(_folder(current_app), base_url)
        shown = [snippet for snippet in snippets if snippet.name not in _left_out(limits)]
        return render_template("docs.html", document=document(), snippets=shown, languages=LANGUAGES)

    return docs


def _left_out(limits: ApiLimits) -> set[str]:
    """Examples of what this server does not do."""
    does = {OF_ADDRESSES: limits.fetches_addresses, OF_FEEDBACK: limits.feedback is not None}
    return {name for name, is_done in does.items() if not is_done}


def _folder(app: Flask) -> Path:
    return Path(app.root_path, app.template_folder or "", "examples")
