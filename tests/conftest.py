"""Makes tests/helpers.py importable under importlib mode, and finds the optional evaluation data."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: small solvers are many times slower with a pool

import pytest  # noqa: E402
from furrow.core.head.model import HeadModel, load_head_model  # noqa: E402
from furrow.core.wrinkles.atlas import WrinkleAtlas, load_atlas  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

import fast  # noqa: E402

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="leave out the modules of slow_modules.txt")


def pytest_ignore_collect(collection_path, config):
    """In a fast run, slow modules are not even imported."""
    return True if config.getoption("--fast") and collection_path in fast.slow_modules() else None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """In a fast run, a test that is slow fails."""
    began = fast.spent()
    result = yield
    if pyfuncitem.config.getoption("--fast") and (said := fast.complaint(pyfuncitem.nodeid, fast.spent() - began)):
        pytest.fail(said, pytrace=False)
    return result


@pytest.fixture(scope="session")
def assets() -> Path:
    """Folder of the built models; 'make models' fills it."""
    folder = ROOT / "models" / "assets"
    if not (folder / "head.npz").exists():
        pytest.fail("models/assets is empty: run 'make models' first")
    return folder


@pytest.fixture(scope="module")
def model(assets) -> HeadModel:
    """The built head model."""
    return load_head_model(assets / "head.npz")


@pytest.fixture(scope="module")
def atlas(assets) -> WrinkleAtlas:
    """The built wrinkle atlas."""
    return load_atlas(assets / "wrinkles.npz")
