"""What is said of a photo that cannot be used."""

from __future__ import annotations

from app.errors import DamagedImageError, TooCostlyImageError, TooManyPixelsError, UnsupportedImageError
from app.vision.decoding.formats import why_unsupported
from app.vision.limits import ImageLimits


def damaged(what: str = "its pixels cannot be decoded") -> DamagedImageError:
    """It begins as a photo and goes wrong."""
    return DamagedImageError(f"The image is damaged: {what}. Send the original file.")


def too_costly() -> TooCostlyImageError:
    """It is within the limit of pixels, and takes more memory or time than one photo may."""
    return TooCostlyImageError(
        "Decoding this image takes more memory or time than one photo may. Send a smaller copy, or save it as JPEG."
    )


def too_many_pixels(limits: ImageLimits, size: tuple[int, int] | None) -> TooManyPixelsError:
    """It is larger than `max_image_px`; `size` is None where it was not even read."""
    got = f"{size[0]} x {size[1]}" if size else "many more"
    return TooManyPixelsError(
        f"The image has too many pixels ({got}): at most {limits.max_image_px / 1e6:g} megapixels are taken. "
        "Send a smaller copy."
    )


def unsupported(data: bytes) -> UnsupportedImageError:
    """It is no photo we read."""
    return UnsupportedImageError(why_unsupported(data))
