"""Which packages the build takes: this folder as ``furrow``, and all with an ``__init__.py`` below its three parts.

Everything else about the build stands in pyproject.toml.
"""

from setuptools import find_packages, setup

PARTS = ("core", "models", "blender_addon")
found = find_packages(include=[pattern for part in PARTS for pattern in (part, f"{part}.*")])
# with its name setuptools leaves this file out of the package, in whose folder it lies
setup(script_name="setup.py", packages=["furrow", *(f"furrow.{name}" for name in found)])
