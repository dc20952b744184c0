"""The constants of httpclient.h that this package uses, as attributes."""

from ._prototypes import CONSTANTS, HC_LENGTH_UNKNOWN  # noqa: F401

globals().update(CONSTANTS)
