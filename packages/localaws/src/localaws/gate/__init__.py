"""Access to the server, decided before moto sees the request.

In the order in which a request meets them: ``framing`` (can it be read in one way only), ``hosts`` (was it
meant for this server: DNS rebinding), ``sites`` and ``bucket_cors`` (which web page sent it), ``signature``,
``sigv4`` and ``sigv2`` (who signed it), ``public_access`` and ``post_policy`` (what needs no signature),
``payload`` (is the body the signed one). ``gate`` puts them in that order; ``refused`` answers in the
service's protocol.
"""
