"""Every expected failure of the application.

    WhichParkError
    ├── RequestError                 the client sent something we do not take
    │   ├── MalformedRequestError    400 malformed_request
    │   ├── NoPhotoError             400 no_photo
    │   ├── TooManyPhotosError       413 too_many_photos
    │   ├── KeyMissingError          401 key_missing
    │   ├── KeyUnknownError          403 key_unknown
    │   ├── RateLimitedError         429 rate_limited
    │   ├── ForeignOriginError       403 foreign_origin
    │   ├── RequestTimeoutError      408 request_timeout
    │   ├── RequestTooLargeError     413 request_too_large
    │   ├── HeadTooLargeError        431 head_too_large
    │   ├── ClientGoneError          400 client_gone
    │   └── UnsupportedContentTypeError  415 unsupported_content_type
    ├── PhotoError                   one photo cannot be used
    │   ├── EmptyPhotoError          400 empty_photo
    │   ├── MalformedBase64Error     400 malformed_base64
    │   ├── TooManyPixelsError       413 too_many_pixels
    │   ├── TooCostlyImageError      413 too_costly_image
    │   ├── UnsupportedImageError    415 unsupported_image
    │   ├── DamagedImageError        422 damaged_image
    │   ├── UrlNotSupportedError     422 url_not_supported
    │   ├── UrlRefusedError          422 url_refused
    │   ├── UrlUnreachableError      422 url_unreachable
    │   ├── UrlTimeoutError          422 url_timeout
    │   ├── UrlAnswerError           422 url_bad_answer
    │   ├── UrlTooLargeError         413 url_too_large
    │   └── WebPageError             415 url_is_web_page
    ├── FeedbackError                what somebody says of a prediction cannot be taken, or is not there
    │   ├── ConsentMissingError      400 consent_missing
    │   ├── ReceiptUnknownError      404 receipt_unknown
    │   └── LabelsRefusedError       422 labels_refused
    ├── UnavailableError             nothing is wrong with the request; try again
    │   ├── BusyError                503 busy
    │   ├── ModelUnavailableError    503 model_unavailable
    │   ├── FeedbackFullError        503 feedback_full
    │   └── FeedbackUnavailableError  503 feedback_unavailable
    ├── BundleError                  a bundle on disk cannot be served: bundle_unusable
    │   ├── BundleMissingError       bundle_missing
    │   ├── BundleDamagedError       bundle_damaged
    │   └── BundleSchemaError        bundle_schema
    └── SettingsError                an environment variable has no sense

`str(error)` is written for the person who meets it and is safe to send to a client for the first four branches: it
says what was wrong, what we got and what to do, and never a path or another internal. Messages of `BundleError` and
`SettingsError` are for the operator and go to the log alone. What only `python -m app.batch` meets is in
app/batch/errors.py.
"""

from __future__ import annotations


class WhichParkError(Exception):
    """Base of all expected failures.

    `code` is stable and is what clients branch on; `status` is the HTTP status; `title` is the short name of the kind.
    """

    code = "internal_error"
    status = 500
    title = "Internal error"


class RequestError(WhichParkError):
    """The request as a whole cannot be read."""

    code = "malformed_request"
    status = 400
    title = "Malformed request"


class MalformedRequestError(RequestError):
    """The request's form, JSON or query has no sense."""


class NoPhotoError(RequestError):
    """The request holds no photo."""

    code = "no_photo"
    title = "No photo"


class TooManyPhotosError(RequestError):
    """The request holds more photos than one may."""

    code = "too_many_photos"
    status = 413
    title = "Too many photos"


class RequestTooLargeError(RequestError):
    """The request's body, or a part of it, is over its limit."""

    code = "request_too_large"
    status = 413
    title = "Request too large"


class KeyMissingError(RequestError):
    """It shows no API key where one is needed."""

    code = "key_missing"
    status = 401
    title = "A key is needed"


class KeyUnknownError(RequestError):
    """It shows an API key that is none of ours."""

    code = "key_unknown"
    status = 403
    title = "Unknown key"


class RateLimitedError(RequestError):
    """Its client has sent too many photos, or too much feedback, of late; `Retry-After` says when more is taken."""

    code = "rate_limited"
    status = 429
    title = "Too many of late"


class ForeignOriginError(RequestError):
    """A browser sends a form of ours from a page that is not."""

    code = "foreign_origin"
    status = 403
    title = "Sent by another site"


class RequestTimeoutError(RequestError):
    """The request does not arrive in time."""

    code = "request_timeout"
    status = 408
    title = "Request timeout"


class HeadTooLargeError(RequestError):
    """The request's first line or its headers are over the limit in bytes."""

    code = "head_too_large"
    status = 431
    title = "Headers too large"


class ClientGoneError(RequestError):
    """Its client has closed the connection: nobody will read this answer, it is for the log."""

    code = "client_gone"
    title = "Client gone"


class UnsupportedContentTypeError(RequestError):
    """The request's Content-Type is none of those the endpoint takes."""

    code = "unsupported_content_type"
    status = 415
    title = "Unsupported content type"


class PhotoError(WhichParkError):
    """One photo cannot be used."""

    code = "damaged_image"
    status = 422
    title = "Damaged image"


class EmptyPhotoError(PhotoError):
    """The photo has no bytes."""

    code = "empty_photo"
    status = 400
    title = "Empty photo"


class MalformedBase64Error(PhotoError):
    """The photo's text is not base64."""

    code = "malformed_base64"
    status = 400
    title = "Malformed base64"


class TooManyPixelsError(PhotoError):
    """The photo's width times height is over the limit."""

    code = "too_many_pixels"
    status = 413
    title = "Too many pixels"


class TooCostlyImageError(PhotoError):
    """Decoding the photo takes more memory or time than one photo may."""

    code = "too_costly_image"
    status = 413
    title = "Too costly image"


class UnsupportedImageError(PhotoError):
    """The bytes are not an image of an allowed format."""

    code = "unsupported_image"
    status = 415
    title = "Unsupported image"


class DamagedImageError(PhotoError):
    """The bytes begin as an allowed format and cannot be decoded."""


class UrlNotSupportedError(PhotoError):
    """The photo is named by its address, and this server does not fetch photos."""

    code = "url_not_supported"
    title = "Addresses are not supported"


class UrlRefusedError(PhotoError):
    """The photo's address is none that we would ask: not of the public internet's web, or not well-formed."""

    code = "url_refused"
    title = "Address refused"


class UrlUnreachableError(PhotoError):
    """The host of the photo's address takes no connection, or shows a wrong certificate."""

    code = "url_unreachable"
    title = "Address out of reach"


class UrlTimeoutError(PhotoError):
    """The host of the photo's address is too slow."""

    code = "url_timeout"
    title = "Address too slow"


class UrlAnswerError(PhotoError):
    """The host of the photo's address answers with something else than a photo, or not to the end."""

    code = "url_bad_answer"
    title = "No photo at the address"


class UrlTooLargeError(PhotoError):
    """The photo at the address, alone or with its neighbours, is over the limit in bytes."""

    code = "url_too_large"
    status = 413
    title = "Photo at the address too large"


class WebPageError(PhotoError):
    """At the address is a web page, which perhaps shows the photo."""

    code = "url_is_web_page"
    status = 415
    title = "A web page, not a photo"


class FeedbackError(WhichParkError):
    """Feedback cannot be taken, or is not there."""

    code = "labels_refused"
    status = 422
    title = "Labels refused"


class ConsentMissingError(FeedbackError):
    """A photo comes with the feedback, and nothing says that it may be kept."""

    code = "consent_missing"
    status = 400
    title = "Consent is missing"


class ReceiptUnknownError(FeedbackError):
    """Nothing is kept under this receipt, or no longer."""

    code = "receipt_unknown"
    status = 404
    title = "Unknown receipt"


class LabelsRefusedError(FeedbackError):
    """The labels are not those of the model that is served, or more than one photo of it has."""


class UnavailableError(WhichParkError):
    """The server cannot answer now; `retry_after_s` says when to try again."""

    code = "busy"
    status = 503
    title = "Busy"
    retry_after_s = 1


class BusyError(UnavailableError):
    """Too many photos are being looked at already."""


class ModelUnavailableError(UnavailableError):
    """No model could be loaded, or the process that runs its network has ended and another is being started."""

    code = "model_unavailable"
    title = "No model is loaded"
    retry_after_s = 30


class FeedbackFullError(UnavailableError):
    """As much feedback is kept as may be."""

    code = "feedback_full"
    title = "No more feedback is taken"
    retry_after_s = 3600


class FeedbackUnavailableError(UnavailableError):
    """The database of feedback is away, cannot be written, or has no room."""

    code = "feedback_unavailable"
    title = "Feedback cannot be kept now"
    retry_after_s = 30


class BundleError(WhichParkError):
    """A bundle on disk cannot be served. Its code is told by `/readyz` and the metrics, its message by the log."""

    code = "bundle_unusable"


class BundleMissingError(BundleError):
    """The folder, CURRENT or one of the bundle's files is not there."""

    code = "bundle_missing"


class BundleDamagedError(BundleError):
    """A file differs from its card, or the card has no sense."""

    code = "bundle_damaged"


class BundleSchemaError(BundleError):
    """The card was written by another version of this project."""

    code = "bundle_schema"


class SettingsError(WhichParkError):
    """An environment variable has no sense."""
