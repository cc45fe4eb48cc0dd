"""model.onnx behind LitServe. `python with_litserve.py PORT`, in an environment of its own (see the Makefile)."""

from __future__ import annotations

import io
import sys
from typing import Any

import litserve as ls
from fastapi import UploadFile
from plain import load_session, look


class ParksAPI(ls.LitAPI):  # type: ignore[misc]
    """One photo a request."""

    def setup(self, device: str) -> None:
        self.session = load_session()

    def decode_request(self, request: UploadFile) -> Any:
        return io.BytesIO(request.file.read())

    def predict(self, x: Any) -> Any:
        return look(self.session, x)

    def encode_response(self, output: Any) -> Any:
        return {"probabilities": output}


if __name__ == "__main__":
    ls.LitServer(ParksAPI(), accelerator="cpu").run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False)
