"""model.onnx behind LitServe. `python with_litserve.py PORT`, in an environment of its own (see the Makefile)."""

import io
import sys
from typing import Any

import litserve as ls
from fastapi import Request
from plain import load_session, look


class ParksAPI(ls.LitAPI):  # type: ignore[misc]
    """One photo a request."""

    def setup(self, device: str) -> None:
        self.session = load_session()

    def decode_request(self, request: Request) -> Any:  # The class, not its name: LitServe compares it.
        return io.BytesIO(request["photo"].file.read())

    def predict(self, x: Any) -> Any:
        return look(self.session, x)

    def encode_response(self, output: Any) -> Any:
        return {"probabilities": output}


if __name__ == "__main__":
    ls.LitServer(ParksAPI(), accelerator="cpu").run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False)
