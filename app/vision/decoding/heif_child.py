"""The process that decodes one HEIC or AVIF photo and ends: started by `heif`, with nothing but two pipes.

    python -I -B heif_child.py KIND MAX_BYTES MAX_S MAX_IMAGE_PX MAX_PROFILE_BYTES DECODE_PX < photo > answer

It may take as much memory and time as it is told, knows no environment, can open no file and no connection by the time
it reads the photo, and leaves no core dump. Imported, for the shape of its answer, it loads no decoder.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from pathlib import Path

# An answer is this header, then the colour profile, then the pixels row by row. The header: magic, outcome, bands,
# EXIF orientation, width, height, bytes of the profile.
HEADER = struct.Struct(">4sBBBIII")
MAGIC = b"park"
DECODED, DAMAGED, TOO_MANY_PIXELS, TOO_COSTLY = range(4)
MODES = {1: "L", 3: "RGB"}  # by bands

# Address space that libraries and threads reserve and never use.
_RESERVED_BYTES = 1 << 30


def main() -> None:
    """Reads a photo from standard input, writes the answer to standard output."""
    kind, *numbers = sys.argv[1:]
    max_bytes, max_s, max_image_px, max_profile_bytes, decode_px = map(int, numbers)
    _limit(max_bytes, max_s)
    sys.path.append(str(Path(__file__).resolve().parents[3]))
    from app.vision.decoding.heif_formats import open_photo

    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    out = sys.stdout.buffer
    try:
        photo = open_photo(sys.stdin.buffer.read(), kind)
        width, height = photo.size
        if width * height > max_image_px:
            out.write(header(TOO_MANY_PIXELS, size=photo.size))
            return
        image = photo.decode(decode_px or None)
        profile = photo.profile if len(photo.profile) <= max_profile_bytes else b""
        out.write(header(DECODED, len(image.getbands()), photo.orientation, image.size, len(profile)))
        out.write(profile)
        out.write(image.tobytes())
    except Exception as exc:  # The decoders' own errors share no base.
        # libheif says so of memory it did not get; Pillow raises MemoryError, often without a word.
        is_memory = isinstance(exc, MemoryError) or "memory" in str(exc).lower()
        out.write(header(TOO_COSTLY if is_memory else DAMAGED))


def header(
    outcome: int, bands: int = 0, orientation: int = 1, size: tuple[int, int] = (0, 0), n_profile: int = 0
) -> bytes:
    """The beginning of an answer."""
    return HEADER.pack(MAGIC, outcome, bands, orientation, *size, n_profile)


def _limit(max_bytes: int, max_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (max_bytes, max_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes + _RESERVED_BYTES, max_bytes + _RESERVED_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (max_s, max_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.alarm(max_s + 1)  # An alarm kills: should the server be gone, nobody else would end it.


if __name__ == "__main__":
    main()
