from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from collector.config import CollectorConfig
from collector.long_term.config import LongTermConfig
from core import config
from core.errors import ConfigError

URL = "write_url: http://127.0.0.1:8428/api/v1/write"


def read(text: str, folder: Path = Path(), **environ: str) -> LongTermConfig:
    whole = f"data_dir: d\nlong_term: {{{text}}}\n"
    found = config.loads(whole, CollectorConfig, file="collector.yaml", folder=folder, environ=environ).long_term
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("timeout: 5s", "long_term: needs a write_url, a query_url or both"),
        ("write_url: ftp://x", "long_term.write_url: must be an http:// or https:// address"),
        ("query_url: 'http://'", "long_term.query_url: must be an http:// or https:// address"),
        ("write_url: 'http://u:p@host/w'", "long_term.write_url: must not hold credentials"),
        ("query_url: 'http://host/?a=b'", "long_term.query_url: must end with the path"),
        (f"{URL}, username: u", "long_term.username: and password go together"),
        (f"{URL}, username: u, password: p, token: t", "long_term.token: and username are two ways"),
        (f"{URL}, username: 'u:v', password: p", "long_term.username: must not have a colon"),
        (f"{URL}, token: ''", "long_term.token: must be text on one line"),
        (f"{URL}, headers: {{Host: a}}", "long_term.headers.Host: is no header that can be set"),
        (f"{URL}, headers: {{X-A: 'ä'}}", "long_term.headers.X-A: must be printable ASCII"),
        (f"{URL}, timeout: 500ms", "long_term.timeout: must be from 1s"),
        (f"{URL}, spool_size: 1KiB", "long_term.spool_size: must be at least 1MiB"),
        (f"{URL}, spool_age: 1s", "long_term.spool_age: must be at least 1m"),
        (f"{URL}, query_after: 3d", "long_term.query_after: must be from 5m to 2d"),
        (f"{URL}, answer_size: 1B", "long_term.answer_size: must be at least 64KiB"),
        (f"{URL}, read_url: x", "long_term.read_url"),
    ],
)
def test_faults_name_the_key_and_the_remedy(text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("listen", "url", "own", "_reason"),
    [
        ("127.0.0.1:9470", "http://127.0.0.1:9470/prometheus/api/v1/write", True, "the very same"),
        ("0.0.0.0:9470", "http://localhost:9470/w", True, "every address is this one, too"),
        (":9470", "http://[::1]:9470/w", True, "no host is every address"),
        ("127.0.0.1:9470", "https://forewatch.example.org/prometheus/api/v1/write", True, "by its external URL"),
        ("127.0.0.1:9470", "http://127.0.0.1:8428/w", False, "another port"),
        ("127.0.0.1:9470", "http://store.example.org:9470/w", False, "another host"),
    ],
)
def test_a_collector_does_not_forward_to_itself(listen: str, url: str, own: bool, _reason: str) -> None:
    text = f"data_dir: d\nlisten: '{listen}'\nexternal_url: https://forewatch.example.org\n"
    text += f"long_term: {{write_url: '{url}'}}\n"
    expected = pytest.raises(ConfigError, match="write_url: leads to this collector itself") if own else nullcontext()
    with expected:
        config.loads(text, CollectorConfig, file="c.yaml")


def test_credentials_become_headers_and_never_show(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("s3cret\n")
    by_token = read(f"{URL}, token_file: t, headers: {{X-Scope-OrgID: '${{ORG}}'}}", tmp_path, ORG="site")
    assert by_token.request_headers() == {"Authorization": "Bearer s3cret", "X-Scope-OrgID": "site"}
    by_password = read(f"{URL}, username: u, password: pw")
    assert by_password.request_headers() == {"Authorization": "Basic dTpwdw=="}
    assert "s3cret" not in repr(by_token)
    assert "pw" not in repr(by_password)
