"""Python's http.client over libhttpclient. The module to use is httpclient.client."""

import sys

from ._library import LibraryNotFound, load

__all__ = ["LibraryNotFound", "install", "load"]


def install():
    """Puts httpclient.client in the place of http.client, for whoever imports that from now on.

    Returns the module. Modules that have imported http.client before keep what they have. From
    now on every new ssl.SSLContext notes what is done to it, without which the library's own TLS
    could not do the same (see the package's README).
    """
    import http

    from . import client

    try:
        from . import _noting
    except ImportError:
        # No ssl: http.client has no HTTPSConnection then.
        pass
    else:
        _noting.watch()
    # Names that say where they are from must say where they are found now: pickles and
    # the module's own tests look at that.
    for name in client.__all__:
        thing = getattr(client, name)
        if isinstance(thing, type):
            thing.__module__ = "http.client"
    client.HTTPMessage.__module__ = "http.client"
    client.parse_headers.__module__ = "http.client"
    sys.modules["http.client"] = client
    http.client = client
    return client
