"""A folder as an S3 endpoint, for benchmarks only: what the import asks of S3, and no more.

``python benchmarks/file_server.py FOLDER`` prints its address; FOLDER/BUCKET/KEY are the objects. Knows
GetObject (Range), ListObjectsV2 (one page, Delimiter), PutObject, multipart uploads, DeleteObject and
DeleteObjects.
"""

import re
import shutil
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Handler(BaseHTTPRequestHandler):
    """One request; keeps the connection."""

    protocol_version = "HTTP/1.1"
    root = Path()

    def do_GET(self) -> None:
        path, query = self.split()
        if "list-type" in query:
            self.answer(200, self.listing(path, query.get("prefix", ""), query.get("delimiter", "")))
            return
        if not path.is_file():
            self.answer(404, "<Error><Code>NoSuchKey</Code></Error>")
            return
        size = path.stat().st_size
        ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(ranged[1]) if ranged else 0
        self.send_response(206 if ranged else 200)
        self.send_header("Content-Length", str(size - begin))
        self.send_header("ETag", '"1"')
        self.end_headers()
        with path.open("rb") as file:
            file.seek(begin)
            shutil.copyfileobj(file, self.wfile, 1 << 20)

    def do_PUT(self) -> None:
        path, query = self.split()
        if "partNumber" in query:
            path = path.with_name(f"{path.name}.part{int(query['partNumber']):05d}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.body())
        self.answer(200, "")

    def do_POST(self) -> None:
        path, query = self.split()
        body = self.body()
        if "uploads" in query:
            self.answer(
                200,
                f"<InitiateMultipartUploadResult {NAMESPACE}><UploadId>1</UploadId>"
                "</InitiateMultipartUploadResult>",
            )
        elif "uploadId" in query:
            with path.open("wb") as whole:
                for part in sorted(path.parent.glob(f"{path.name}.part*")):
                    whole.write(part.read_bytes())
                    part.unlink()
            self.answer(200, f"<CompleteMultipartUploadResult {NAMESPACE}/>")
        else:
            for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                (path / key).unlink(missing_ok=True)
            self.answer(200, f"<DeleteResult {NAMESPACE}/>")

    def do_DELETE(self) -> None:
        self.split()[0].unlink(missing_ok=True)
        self.answer(204, "")

    def listing(self, bucket: Path, prefix: str, delimiter: str) -> str:
        folder = bucket / prefix.rpartition("/")[0]
        if delimiter:
            names = sorted(path.relative_to(bucket).as_posix() for path in folder.glob("*/"))
            folders = "".join(f"<CommonPrefixes><Prefix>{name}/</Prefix></CommonPrefixes>" for name in names)
            return (
                f"<ListBucketResult {NAMESPACE}><IsTruncated>false</IsTruncated>{folders}</ListBucketResult>"
            )
        files = {path.relative_to(bucket).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        rows = "".join(
            f'<Contents><Key>{key}</Key><ETag>"1"</ETag><Size>{path.stat().st_size}</Size></Contents>'
            for key, path in sorted(files.items())
            if key.startswith(prefix)
        )
        return f"<ListBucketResult {NAMESPACE}><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"

    def split(self) -> tuple[Path, dict[str, str]]:
        """The file that is meant, and the query."""
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        return self.root / urllib.parse.unquote(url.path).strip("/"), query

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.root = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
