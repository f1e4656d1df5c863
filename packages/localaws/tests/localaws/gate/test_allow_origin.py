"""Pages that the server was started for."""

import pytest

from localaws import LocalAws
from tests.localaws.gate.answers import ask
from tests.localaws.signing import signed_headers


def test_an_origin_that_the_server_was_started_with_may_do_everything() -> None:
    origin = "http://localhost:3000"
    with LocalAws(allow_origins=[origin]) as own:
        body = b"Action=CreateTopic&Name=t&Version=2010-03-31"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        listed = signed_headers(own, "GET", "/")
        headers = signed_headers(own, "POST", "/", body, form, service="sns")

        asked = ask(
            own,
            "OPTIONS",
            "/",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,x-amz-date",
            },
        )
        done = ask(own, "POST", "/", body, {**headers, "Origin": origin, "Sec-Fetch-Site": "same-site"})
        unsigned = ask(own, "POST", "/", body, {**form, "Origin": origin})
        image = ask(
            own, "GET", "/", headers={**listed, "Referer": f"{origin}/", "Sec-Fetch-Site": "same-site"}
        )
        other = ask(own, "POST", "/", body, {**headers, "Origin": "http://localhost:3001"})

        assert asked.status == 200
        assert asked.headers["access-control-allow-headers"] == "authorization, x-amz-date"
        assert (done.status, done.headers["access-control-allow-origin"]) == (200, origin)
        assert image.status == 200
        assert (unsigned.status, other.status) == (403, 403)
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    "text", ["*", "null", "localhost:3000", "http://localhost:3000/", "http://*.example", ""]
)
def test_only_an_origin_can_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="write scheme, host and port only"):
        LocalAws(allow_origins=[text])
