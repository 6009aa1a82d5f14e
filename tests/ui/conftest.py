"""A real Chromium, and a Voila server on the loopback address."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.fail("no Chromium; install it: apt install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install 'smslab[ui]'")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that reaches the loopback address and files only, and fails on an error in it."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    outside, errors = [], []

    def guard(route):
        url = route.request.url
        if url.startswith(("http://127.0.0.1", "file://", "data:", "blob:")):
            route.continue_()
        else:
            outside.append(url)
            route.abort()

    page.route("**/*", guard)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.outside = outside
    yield page
    page.close()
    assert not errors


@pytest.fixture
def started(tmp_path):
    """Start servers; return a function that starts one and waits for its first answer."""
    servers = []

    def start(*words):
        port = free_port()
        log = (tmp_path / "server.log").open("w")
        server = subprocess.Popen(
            [sys.executable, "-m", *words, f"--port={port}"],
            **{"stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True},
        )
        servers.append((server, log))
        return answering(f"http://127.0.0.1:{port}")

    yield start
    for server, log in servers:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
        log.close()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answering(address):
    """Wait until a server answers."""
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{address}/static/", timeout=1).close()
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.2)
    return address


@pytest.fixture
def dashboard(started):
    """Serve the dashboard as its command does; return its address."""
    return lambda *words: started("smslab", "dashboard", "--no-browser", *words)


@pytest.fixture
def voila(started, tmp_path):
    """Serve the cells of a notebook by Voila; return its address."""
    import nbformat

    def serve(*cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        path = tmp_path / "app.ipynb"
        nbformat.write(notebook, path)
        return started("voila", str(path), "--no-browser", "--Voila.ip=127.0.0.1")

    return serve


@pytest.fixture
def lab(started, page, tmp_path):
    """Open a notebook in JupyterLab, and run all of it."""

    def run(notebook):
        shutil.copy(notebook, tmp_path)
        words = ("--no-browser", "--ip=127.0.0.1", "--allow-root", "--IdentityProvider.token=")
        address = started("jupyter", "lab", *words, f"--ServerApp.root_dir={tmp_path}")
        page.goto(f"{address}/lab/tree/{notebook.name}?reset")
        # What is asked of a kernel that is not there yet is lost.
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=60_000)
        page.locator(".lm-MenuBar-item", has_text="Run").click()
        page.locator("li[data-command='runmenu:run-all']").click()

    return run
