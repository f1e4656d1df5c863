"""The stand-in for the image repository, asked as Docker asks when it pushes."""

import base64
import hashlib

import urllib3

from localaws import LocalAws


def test_a_push_is_accepted_after_ecrs_login(aws: LocalAws) -> None:
    (given,) = aws.client("ecr").get_authorization_token()["authorizationData"]
    endpoint, login = given["proxyEndpoint"], {"Authorization": f"Basic {given['authorizationToken']}"}
    manifest = b'{"schemaVersion": 2}'

    with urllib3.PoolManager(headers=login) as http:
        version = http.request("GET", f"{endpoint}/v2/")
        known = http.request("HEAD", f"{endpoint}/v2/team/say/blobs/sha256:00")
        begun = http.request("POST", f"{endpoint}/v2/team/say/blobs/uploads/")
        upload = endpoint + begun.headers["Location"]
        sent = http.request("PATCH", upload, body=iter([b"abc", b"de"]))
        ended = http.request("PUT", f"{upload}?digest=sha256%3A01")
        stored = http.request("PUT", f"{endpoint}/v2/team/say/manifests/1", body=manifest)
        pulled = http.request("GET", f"{endpoint}/v2/team/say/manifests/1")

    assert endpoint == aws.endpoint
    assert (version.status, known.status, begun.status) == (200, 200, 202)
    assert (sent.status, sent.headers["Range"]) == (202, "0-4")
    assert (ended.status, ended.headers["Docker-Content-Digest"]) == (201, "sha256:01")
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    assert (stored.status, stored.headers["Docker-Content-Digest"]) == (201, digest)
    assert pulled.status == 404
    assert pulled.json()["errors"][0]["message"] == "localaws does not store images: it runs their sources"


def test_nobody_pushes_without_the_token(aws: LocalAws) -> None:
    wrong = base64.b64encode(b"AWS:123456789012-auth-token").decode()

    with urllib3.PoolManager() as http:
        for headers in ({}, {"Authorization": f"Basic {wrong}"}):
            for method, path in (
                ("GET", "/v2/"),
                ("POST", "/v2/say/blobs/uploads/"),
                ("PUT", "/v2/say/manifests/1"),
            ):
                answer = http.request(method, aws.endpoint + path, headers=headers)
                assert answer.status == 401
                assert answer.headers["Www-Authenticate"].startswith("Basic")


def test_signed_requests_below_v2_are_api_gateways(aws: LocalAws) -> None:
    assert aws.client("apigatewayv2").get_apis()["Items"] == []
